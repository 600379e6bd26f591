"""Ratios: the sparsity that an allocation gives to every matrix."""


rule allocate_sparsity:
    input:
        unpack(ratio_inputs),
        model=shapes_of if PUBLISHED else MODEL,
    output:
        ratios="results/ratios/{model}/{method}/{sparsity}/{allocation}.csv",
    log:
        "results/logs/allocate_sparsity/{model}/{method}/{sparsity}/{allocation}.log",
    # No benchmark: planning thousands of these costs more than to know that each takes a second.
    localrule: True
    conda:
        "../envs/compute.yaml"
    params:
        digest=ratio_digest,
        settings=ratio_settings,
    script:
        "../scripts/allocate_sparsity.py"


rule write_ratio_table:
    input:
        ratios=ratio_tables,
    output:
        values="results/tables/{model}-ratios.csv",
        table="results/tables/{model}-ratios.md",
    log:
        "results/logs/write_ratio_table/{model}.log",
    benchmark:
        "results/benchmarks/write_ratio_table/{model}.tsv"
    localrule: True
    conda:
        "../envs/tables.yaml"
    params:
        digest=digest("write_ratio_table"),
        rows=lambda wildcards: ratio_rows(wildcards.model),
    script:
        "../scripts/write_ratio_table.py"


rule plot_ratios:
    input:
        values=rules.write_ratio_table.output.values,
    output:
        plot="results/plots/{model}-ratios.svg",
    log:
        "results/logs/plot_ratios/{model}.log",
    benchmark:
        "results/benchmarks/plot_ratios/{model}.tsv"
    localrule: True
    conda:
        "../envs/tables.yaml"
    params:
        digest=digest("plot_ratios"),
    script:
        "../scripts/plot_ratios.py"
