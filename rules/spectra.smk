"""Spectra of every matrix, measured once per model or cell."""

MEASURES = ("spectra", "shuffled_spectra", "submatrix_spectra", "product_spectra")


# What is measured: a model, or a cell of it.
MEASURED = f"({any_of(WEIGHTED)})(/({CELLS}))?"


wildcard_constraints:
    measured=MEASURED,
    measure=any_of(MEASURES),


def model_of(wildcards):
    """The file that stands for the model of what is measured."""
    return MODEL.format(model=wildcards.measured.partition("/")[0])


def spectra_digest(wildcards):
    """Changes when the code that measures these spectra changes in meaning."""
    model = wildcards.measured.partition("/")[0]
    measure = f"heavytail.spectra.measures.{wildcards.measure}"
    return digest_for(model, "measure_spectra", measure)


rule measure_spectra:
    input:
        model=model_of,
        origin=lambda w: origin_of(w.measured),
    output:
        spectra="<results>/{measure}/{measured}.safetensors",
    log:
        "<logs>/measure_spectra/{measure}/{measured}.log",
    benchmark:
        "<benchmarks>/measure_spectra/{measure}/{measured}.tsv"
    conda:
        GPU_ENVIRONMENT
    threads: 8
    resources:
        **ASIDE,
        **SPECTRA,
        **STORE,
    params:
        digest=spectra_digest,
    script:
        "../scripts/measure_spectra.py"
