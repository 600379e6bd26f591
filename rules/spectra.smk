"""Spectra, measured once per model, and the metrics that are read off them."""


rule measure_spectra:
    input:
        model=model_of,
    output:
        spectra="results/spectra/{model}.safetensors",
    log:
        "results/logs/measure_spectra/{model}.log",
    benchmark:
        "results/benchmarks/measure_spectra/{model}.tsv"
    conda:
        "../envs/compute.yaml"
    threads: 8
    resources:
        gpu=GPU,
    params:
        digest=digest("measure_spectra"),
    script:
        "../scripts/measure_spectra.py"


rule compute_metrics:
    input:
        spectra=rules.measure_spectra.output.spectra,
    output:
        metrics="results/metrics/{model}.csv",
    log:
        "results/logs/compute_metrics/{model}.log",
    benchmark:
        "results/benchmarks/compute_metrics/{model}.tsv"
    conda:
        "../envs/compute.yaml"
    params:
        digest=digest("compute_metrics"),
    script:
        "../scripts/compute_metrics.py"
