"""Ratios: the sparsity that an allocation gives to every matrix."""


rule allocate_sparsity:
    input:
        model=MODEL,
        scores=scores_of,
        segments=segments_of,
        gradients=gradients_of,
        tuned=tuned_of,
    output:
        ratios="results/ratios/{model}/{method}/{sparsity}/{allocation}.csv",
    log:
        "results/logs/allocate_sparsity/{model}/{method}/{sparsity}/{allocation}.log",
    benchmark:
        "results/benchmarks/allocate_sparsity/{model}/{method}/{sparsity}/{allocation}.tsv"
    conda:
        "../envs/compute.yaml"
    params:
        digest=ratio_digest,
        settings=ratio_settings,
    script:
        "../scripts/allocate_sparsity.py"
