"""Pruned cells, each stored as a compact artifact; as a Hugging Face folder on demand."""


def export_settings(wildcards):
    """How a cell is told to llm-compressor."""
    settings = prune_settings(wildcards)
    return {"modifier": methods.METHODS[settings["method"]].modifier, "of": settings["of"]}


rule prune_cell:
    input:
        model=MODEL,
        ratios=rules.allocate_sparsity.output.ratios,
        calibration=calibration_of,
        # Never a file: only waits.
        checked=check_of_cell if EXPECTED else [],
    output:
        artifact=f"results/pruned/{{model}}/{CELL}.safetensors",
        record=f"results/pruned/{{model}}/{CELL}.json",
        origin=f"results/pruned/{{model}}/{CELL}.origin.json",
    log:
        f"results/logs/prune_cell/{{model}}/{CELL}.log",
    benchmark:
        f"results/benchmarks/prune_cell/{{model}}/{CELL}.tsv"
    conda:
        GPU_ENVIRONMENT
    resources:
        **ARTIFACT,
        **PRUNING,
    params:
        digest=prune_digest,
        settings=prune_settings,
    script:
        "../scripts/prune_cell.py"


rule export_cell:
    input:
        model=MODEL,
        origin=rules.prune_cell.output.origin,
        ratios=rules.allocate_sparsity.output.ratios,
    output:
        folder=directory(f"results/exported/{{model}}/{CELL}"),
    log:
        f"results/logs/export_cell/{{model}}/{CELL}.log",
    benchmark:
        f"results/benchmarks/export_cell/{{model}}/{CELL}.tsv"
    priority: TURN
    conda:
        EXPORT_ENVIRONMENT
    resources:
        **ARTIFACT,
        **EXPORT,
    params:
        digest=digest("export_cell"),
        settings=export_settings,
    script:
        "../scripts/export_cell.py"
