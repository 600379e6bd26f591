"""The memory of jobs whose rules say nothing about it; included after all rules."""

# MB of Python and the libraries of tables, metrics and plots.
LIGHT_MB = 300

if SHARED:
    for each in workflow.rules:
        each.resources.setdefault("mem_mb", LIGHT_MB)
