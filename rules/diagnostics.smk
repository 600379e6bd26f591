"""Diagnostics of models beside the reference results and papers; target `diagnostics`."""


include: "diagnostics_functions.smk"


MEASURED_ROWS = [
    row["model"] if row["cell"] == DENSE else f"{row['model']}/{row['cell']}" for row in rows()
]


rule write_reference_diagnostics:
    input:
        spectra="<results>/spectra/{model}.safetensors",
        products="<results>/product_spectra/{model}.safetensors",
        metrics="<results>/metrics/{model}.csv",
        reference=workflow.source_path("../resources/reference/results.csv"),
    output:
        values="<results>/diagnostics/{model}/reference.csv",
        table="<results>/diagnostics/{model}/reference.md",
    log:
        "<logs>/write_reference_diagnostics/{model}.log",
    benchmark:
        "<benchmarks>/write_reference_diagnostics/{model}.tsv"
    localrule: True
    conda:
        "../envs/compute.yaml"
    params:
        digest=digest("write_reference_diagnostics"),
    script:
        "../scripts/write_reference_diagnostics.py"


rule write_low_rank:
    input:
        products="<results>/product_spectra/{model}.safetensors",
    output:
        values="<results>/diagnostics/{model}/low_rank.csv",
        table="<results>/diagnostics/{model}/low_rank.md",
    log:
        "<logs>/write_low_rank/{model}.log",
    benchmark:
        "<benchmarks>/write_low_rank/{model}.tsv"
    localrule: True
    conda:
        "../envs/compute.yaml"
    params:
        digest=digest("write_low_rank"),
    script:
        "../scripts/write_low_rank.py"


rule measure_hessian:
    input:
        **WITH_FILES,
        model=MODEL,
        calibration=TOKENS,
    output:
        record="<results>/hessian/{model}.json",
    log:
        "<logs>/measure_hessian/{model}.log",
    benchmark:
        "<benchmarks>/measure_hessian/{model}.tsv"
    conda:
        "../envs/compute.yaml"
    threads: 8
    resources:
        **HESSIAN,
        **STORE,
    params:
        digest=lambda w: digest_for(w.model, "measure_hessian"),
        settings=CONFIG["hessian"],
    script:
        "../scripts/measure_hessian.py"


rule write_hessian:
    input:
        record=rules.measure_hessian.output.record,
    output:
        table="<results>/diagnostics/{model}/hessian.md",
    log:
        "<logs>/write_hessian/{model}.log",
    benchmark:
        "<benchmarks>/write_hessian/{model}.tsv"
    localrule: True
    conda:
        "../envs/tables.yaml"
    params:
        digest=digest("write_hessian"),
    script:
        "../scripts/write_hessian.py"


rule correlate_metrics:
    input:
        metrics=expand("<results>/metrics/{measured}.csv", measured=MEASURED_ROWS),
        cells=rules.collect_cells.output.cells,
    output:
        averages="<results>/diagnostics/averages.csv",
        correlations="<results>/diagnostics/correlations.csv",
        table="<results>/diagnostics/correlations.md",
    log:
        "<logs>/correlate_metrics.log",
    benchmark:
        "<benchmarks>/correlate_metrics.tsv"
    localrule: True
    conda:
        "../envs/compute.yaml"
    params:
        digest=digest("correlate_metrics"),
    script:
        "../scripts/correlate_metrics.py"


rule diagnostics:
    input:
        expand(
            "<results>/diagnostics/{model}/{page}.md",
            model=WEIGHTED,
            page=["reference", "low_rank", "hessian"],
        ),
        rules.correlate_metrics.output if WEIGHTED else [],
        [outputs_for(rules.bin_spectra.output, measured=compared(m).values()) for m in WEIGHTED],
