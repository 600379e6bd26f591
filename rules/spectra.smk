"""Spectra, measured once per model or cell, and the metrics that are read off them."""

MEASURES = ("spectra", "shuffled_spectra", "submatrix_spectra", "product_spectra")


wildcard_constraints:
    subject=SUBJECT,
    measure=any_of(MEASURES),
    family=any_of(metric_names.FAMILIES),


rule measure_spectra:
    input:
        model=subject_model,
        origin=lambda w: origin_of(w.subject),
    output:
        spectra="results/{measure}/{subject}.safetensors",
    log:
        "results/logs/measure_spectra/{measure}/{subject}.log",
    benchmark:
        "results/benchmarks/measure_spectra/{measure}/{subject}.tsv"
    priority: TURN
    conda:
        GPU_ENVIRONMENT
    threads: spectra_threads
    resources:
        **ARTIFACT,
        **SPECTRA,
    params:
        digest=lambda w: digest("measure_spectra", f"heavytail.spectra.measures.{w.measure}"),
    script:
        "../scripts/measure_spectra.py"


rule compute_metrics:
    input:
        unpack(lambda w: spectra_of(w, w.family)),
    output:
        metrics="results/metrics/{subject}/{family}.csv",
    log:
        "results/logs/compute_metrics/{subject}/{family}.log",
    benchmark:
        "results/benchmarks/compute_metrics/{subject}/{family}.tsv"
    conda:
        "../envs/compute.yaml"
    params:
        digest=lambda w: digest("compute_metrics", f"heavytail.metrics.{w.family}"),
    script:
        "../scripts/compute_metrics.py"


rule collect_metrics:
    input:
        unpack(lambda w: spectra_of(w, *metric_names.FAMILIES)),
    output:
        metrics="results/metrics/{subject}.csv",
    log:
        "results/logs/collect_metrics/{subject}.log",
    benchmark:
        "results/benchmarks/collect_metrics/{subject}.tsv"
    conda:
        "../envs/compute.yaml"
    params:
        digest=digest(
            "collect_metrics",
            *(f"heavytail.metrics.{family}" for family in metric_names.FAMILIES),
        ),
        settings={"families": list(metric_names.FAMILIES)},
    script:
        "../scripts/collect_metrics.py"
