"""Ratios: the sparsity that an allocation gives to every matrix."""


def metrics_of(wildcards):
    """The metrics that an allocation reads; the uniform one reads none."""
    uniform = CONFIG["allocations"][wildcards.allocation]["allocator"] == "uniform"
    return [] if uniform else rules.compute_metrics.output.metrics


rule allocate_sparsity:
    input:
        model=model_of,
        metrics=metrics_of,
    output:
        ratios="results/ratios/{model}/{method}/{sparsity}/{allocation}.csv",
    log:
        "results/logs/allocate_sparsity/{model}/{method}/{sparsity}/{allocation}.log",
    conda:
        "../envs/compute.yaml"
    params:
        digest=digest("allocate_sparsity"),
        settings=lambda w: allocation_settings(w.allocation, w.method)
        | {"sparsity": float(w.sparsity)},
    script:
        "../scripts/allocate_sparsity.py"
