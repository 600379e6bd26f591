"""Pruned cells, each stored as a compact artifact beside the dense model."""


rule prune_cell:
    input:
        model=model_of,
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
        gpu=GPU,
    params:
        digest=lambda w: digest("prune_cell", f"heavytail.methods.{w.method}"),
        settings=lambda w: {"method": w.method},
    script:
        "../scripts/prune_cell.py"
