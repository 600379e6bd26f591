"""Metrics, computed from the spectra of a model or a cell."""


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
        unpack(lambda w: spectra_of(w.measured, *metric_names.FAMILIES)),
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
            *(f"heavytail.metrics.{family}" for family in metric_names.FAMILIES),
        ),
        settings={"families": list(metric_names.FAMILIES)},
    script:
        "../scripts/collect_metrics.py"
