"""Spectra of every matrix; they are measured once per model or cell."""


include: "spectra_functions.smk"


MEASURES = (
    *("spectra", "shuffled_spectra", "submatrix_spectra", "product_spectra"),
    *("window_spectra_10", "window_spectra_15", "weight_scores"),
)


# Spectra are measured of these: a model, or a cell of a model.
MEASURED = f"({any_of(WEIGHTED)})(/({CELLS}))?"


wildcard_constraints:
    measured=MEASURED,
    measure=any_of(MEASURES),


rule measure_spectra:
    input:
        **{name: files_of for name in WITH_FILES},
        **WITH_ARTIFACT,
        model=model_of,
        origin=lambda w: origin_of(w.measured),
    output:
        spectra="<results>/{measure}/{measured}.safetensors",
    log:
        "<logs>/measure_spectra/{measure}/{measured}.log",
    benchmark:
        "<benchmarks>/measure_spectra/{measure}/{measured}.tsv"
    conda:
        "../envs/compute.yaml"
    threads: 8
    resources:
        **ASIDE,
        **SPECTRA,
        **STORE,
    params:
        digest=spectra_digest,
    script:
        "../scripts/measure_spectra.py"
