"""Metrics, computed from the spectra of a model or a cell."""


include: "metrics_functions.smk"


wildcard_constraints:
    family=any_of(metric_names.FAMILIES),


rule compute_metrics:
    input:
        unpack(lambda w: spectra_of(w.measured, w.family)),
    output:
        metrics="<results>/metrics/{measured}/{family}.csv",
    log:
        "<logs>/compute_metrics/{measured}/{family}.log",
    benchmark:
        "<benchmarks>/compute_metrics/{measured}/{family}.tsv"
    conda:
        "../envs/compute.yaml"
    params:
        digest=lambda w: digest("compute_metrics", f"heavytail.metrics.{w.family}"),
    script:
        "../scripts/compute_metrics.py"


rule collect_metrics:
    input:
        unpack(lambda w: spectra_of(w.measured, *metric_names.DIAGNOSED)),
    output:
        metrics="<results>/metrics/{measured}.csv",
    log:
        "<logs>/collect_metrics/{measured}.log",
    benchmark:
        "<benchmarks>/collect_metrics/{measured}.tsv"
    conda:
        "../envs/compute.yaml"
    params:
        digest=digest(
            "collect_metrics",
            *(f"heavytail.metrics.{family}" for family in metric_names.DIAGNOSED),
        ),
        settings={"families": metric_names.DIAGNOSED},
    script:
        "../scripts/collect_metrics.py"


rule bin_spectra:
    input:
        spectra="<results>/spectra/{measured}.safetensors",
    output:
        densities="<results>/densities/{measured}.csv",
        tails="<results>/tails/{measured}.csv",
    log:
        "<logs>/bin_spectra/{measured}.log",
    benchmark:
        "<benchmarks>/bin_spectra/{measured}.tsv"
    localrule: True
    conda:
        "../envs/compute.yaml"
    params:
        digest=digest("bin_spectra"),
    script:
        "../scripts/bin_spectra.py"
