"""heavytail: heavy-tailed spectra to layer-wise sparsity to pruned language models to tables."""

from snakemake.utils import min_version

min_version("9.27")

# The embedded default is read only if the caller names no config file: a named file is complete.
if not workflow.overwrite_configfiles:

    configfile: workflow.source_path("config/config.yaml")


pathvars:
    logs="<results>/logs",
    benchmarks="<results>/benchmarks",


include: "rules/common.smk"
include: "rules/storage.smk"
include: "rules/planning.smk"
include: "rules/failures.smk"
include: "rules/machine.smk"
include: "rules/resources.smk"
include: "rules/models.smk"
include: "rules/data.smk"
include: "rules/spectra.smk"
include: "rules/metrics.smk"
include: "rules/allocation.smk"
include: "rules/checks.smk"
include: "rules/pruning.smk"
include: "rules/evaluation.smk"
include: "rules/tables.smk"
include: "rules/diagnostics.smk"
include: "rules/report.smk"
include: "rules/training.smk"
include: "rules/light.smk"


rule all:
    default_target: True
    input:
        # Records are inputs too: else a deleted one would not be missed as long as its table exists.
        *rules.collect_cells.input.perplexity,
        *rules.collect_cells.input.zero_shot,
        *rules.collect_cells.input.protocols,
        outputs_for(rules.check_dense.output, model=EXPECTED),
        rules.collect_cells.output if WEIGHTED else [],
        outputs_for(rules.write_table.output, model=WEIGHTED),
        rules.write_summary.output if WEIGHTED else [],
        rules.compare_reference.output if CONFIG["reference"] and WEIGHTED else [],
        outputs_for(rules.write_ratio_table.output, model=ALLOCATED),
        outputs_for(rules.plot_ratios.output, model=ALLOCATED),
        rules.write_report.output,


onstart:
    check_memory()


onsuccess:
    timers.cancel_timers()


onerror:
    print(*failed_jobs(), sep="\n", file=sys.stderr)
    timers.cancel_timers()
