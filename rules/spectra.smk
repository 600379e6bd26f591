"""Spectra of every matrix; they are measured once per model or cell."""

MEASURES = (
    *("spectra", "shuffled_spectra", "submatrix_spectra", "product_spectra"),
    *("window_spectra_10", "window_spectra_15", "weight_scores"),
)


# Spectra are measured of these: a model, or a cell of a model.
MEASURED = f"({any_of(WEIGHTED)})(/({CELLS}))?"


wildcard_constraints:
    measured=MEASURED,
    measure=any_of(MEASURES),


def model_of(wildcards):
    """The file that stands for the model that is measured, or whose cell is."""
    return MODEL.format(model=wildcards.measured.partition("/")[0])


def spectra_digest(wildcards):
    """A digest that changes if the code that measures these spectra changes in meaning."""
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
