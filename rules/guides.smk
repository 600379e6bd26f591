"""What guides an allocation beside spectra: segments, gradients and Wanda scores of the dense model."""


rule measure_similarity:
    input:
        model=MODEL,
        calibration=TOKENS,
    output:
        similarity="results/segments/{model}.csv",
    log:
        "results/logs/measure_similarity/{model}.log",
    benchmark:
        "results/benchmarks/measure_similarity/{model}.tsv"
    conda:
        GPU_ENVIRONMENT
    threads: 8
    resources:
        gpu=GPU,
    params:
        digest=digest("measure_similarity"),
        settings={"windows": CONFIG["segments"]["windows"]},
    script:
        "../scripts/measure_similarity.py"


rule find_segments:
    input:
        unpack(table_of_segments),
    output:
        segments="results/segments/{model}.json",
    log:
        "results/logs/find_segments/{model}.log",
    benchmark:
        "results/benchmarks/find_segments/{model}.tsv"
    conda:
        "../envs/compute.yaml"
    params:
        digest=digest("find_segments"),
        settings={"count": CONFIG["segments"]["count"]},
    script:
        "../scripts/find_segments.py"


rule measure_gradients:
    input:
        model=MODEL,
        calibration=TOKENS,
    output:
        norms="results/gradients/{model}.json",
    log:
        "results/logs/measure_gradients/{model}.log",
    benchmark:
        "results/benchmarks/measure_gradients/{model}.tsv"
    conda:
        GPU_ENVIRONMENT
    threads: 8
    resources:
        gpu=GPU,
    params:
        digest=digest("measure_gradients"),
        settings=CONFIG["gradients"],
    script:
        "../scripts/measure_gradients.py"


rule measure_wanda_scores:
    input:
        model=MODEL,
        calibration=TOKENS,
    output:
        scores="results/wanda_scores/{model}.csv",
    log:
        "results/logs/measure_wanda_scores/{model}.log",
    benchmark:
        "results/benchmarks/measure_wanda_scores/{model}.tsv"
    conda:
        GPU_ENVIRONMENT
    threads: 8
    resources:
        gpu=GPU,
    params:
        digest=digest("measure_wanda_scores"),
    script:
        "../scripts/measure_wanda_scores.py"
