"""Pruned cells, each stored as a compact artifact; as a Hugging Face folder on demand."""


rule prune_cell:
    input:
        model=MODEL,
        ratios=rules.allocate_sparsity.output.ratios,
        calibration=calibration_of,
    output:
        artifact=f"results/pruned/{{model}}/{CELL}.safetensors",
        record=f"results/pruned/{{model}}/{CELL}.json",
    log:
        f"results/logs/prune_cell/{{model}}/{CELL}.log",
    benchmark:
        f"results/benchmarks/prune_cell/{{model}}/{CELL}.tsv"
    conda:
        GPU_ENVIRONMENT
    resources:
        **PRUNING,
    params:
        digest=prune_digest,
        settings=prune_settings,
    script:
        "../scripts/prune_cell.py"


rule export_cell:
    input:
        model=MODEL,
        artifact=rules.prune_cell.output.artifact,
        ratios=rules.allocate_sparsity.output.ratios,
    output:
        folder=directory(f"results/exported/{{model}}/{CELL}"),
    log:
        f"results/logs/export_cell/{{model}}/{CELL}.log",
    benchmark:
        f"results/benchmarks/export_cell/{{model}}/{CELL}.tsv"
    conda:
        "../envs/compute.yaml"
    params:
        digest=digest("export_cell"),
        settings=prune_settings,
    script:
        "../scripts/export_cell.py"
