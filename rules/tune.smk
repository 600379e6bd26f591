"""Settings of an allocation that are chosen on held-out text."""


rule tune_allocation:
    input:
        unpack(tune_inputs),
        model=MODEL,
        validation="results/evaluation/{model}/validation.safetensors",
        checked=check_of_trials if EXPECTED else [],
    output:
        record="results/tuned/{model}/{method}/{sparsity}/{allocation}.json",
    log:
        "results/logs/tune_allocation/{model}/{method}/{sparsity}/{allocation}.log",
    benchmark:
        "results/benchmarks/tune_allocation/{model}/{method}/{sparsity}/{allocation}.tsv"
    conda:
        GPU_ENVIRONMENT
    resources:
        **TUNING,
    params:
        digest=tune_digest,
        settings=tune_settings,
        pruning=prune_settings,
    script:
        "../scripts/tune_allocation.py"
