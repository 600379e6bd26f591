"""heavytail: heavy-tailed spectra to layer-wise sparsity to pruned language models to tables."""

from snakemake.utils import min_version

min_version("9.27")

# The embedded default stands aside for a config file of the caller's, which is complete by itself.
if not workflow.overwrite_configfiles:

    configfile: workflow.source_path("config/config.yaml")


include: "rules/common.smk"
include: "rules/allocations.smk"
include: "rules/models.smk"
include: "rules/data.smk"
include: "rules/spectra.smk"
include: "rules/guides.smk"
include: "rules/tune.smk"
include: "rules/ratios.smk"
include: "rules/prune.smk"
include: "rules/evaluate.smk"
include: "rules/report.smk"
include: "rules/diagnostics.smk"


rule all:
    default_target: True
    input:
        # Records are named too, else a deleted one would not be missed while its table stands.
        rules.collect_cells.input.perplexity,
        rules.collect_cells.input.zero_shot,
        rules.collect_cells.output,
        expand(rules.write_table.output, model=CONFIG["models"]),
        rules.write_summary.output,
        rules.compare_notes.output if CONFIG["notes"] else [],


onerror:
    print(*failed_jobs(log), sep="\n", file=sys.stderr)
