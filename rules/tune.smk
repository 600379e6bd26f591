"""Settings of an allocation that are chosen on held-out text."""


rule tune_allocation:
    input:
        model=MODEL,
        scores=scores_of,
        segments=segments_of,
        gradients=gradients_of,
        calibration=calibration_to_tune_on,
        validation="results/evaluation/{model}/validation.safetensors",
    output:
        record="results/tuned/{model}/{method}/{sparsity}/{allocation}.json",
    log:
        "results/logs/tune_allocation/{model}/{method}/{sparsity}/{allocation}.log",
    benchmark:
        "results/benchmarks/tune_allocation/{model}/{method}/{sparsity}/{allocation}.tsv"
    conda:
        GPU_ENVIRONMENT
    resources:
        gpu=GPU,
    params:
        digest=tune_digest,
        settings=tune_settings,
        pruning=prune_settings,
    script:
        "../scripts/tune_allocation.py"
