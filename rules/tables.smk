"""Tables: all records in two CSV files, comparisons, and markdown for people."""


include: "tables_functions.smk"


ROWS = [row_settings(row) for row in rows()]
PRUNED_ROWS = [row for row in ROWS if row["artifact"]]


rule collect_cells:
    input:
        perplexity=[f"<results>/perplexity/{r['model']}/{r['cell']}.json" for r in rows()],
        zero_shot=[
            f"<results>/zero_shot/{r['model']}/{r['cell']}.json" for r in rows() if CONFIG["tasks"]
        ],
        protocols=[
            f"<results>/protocols/{name}/{r['model']}/{r['cell']}.json"
            for name in OTHERS
            for r in rows()
        ],
        pruned=[f"<results>/pruned/{r['model']}/{r['cell']}.json" for r in PRUNED_ROWS],
        tuned=list(dict.fromkeys(row["tuned"] for row in ROWS if "tuned" in row)),
    output:
        cells=report(
            "<results>/tables/cells.csv",
            caption="captions/cells.rst",
            category="Tables",
        ),
        zero_shot="<results>/tables/zero_shot.csv",
        paired="<results>/tables/paired.npz",
        protocols="<results>/tables/protocols.csv",
    log:
        "<logs>/collect_cells.log",
    benchmark:
        "<benchmarks>/collect_cells.tsv"
    localrule: True
    conda:
        "../envs/tables.yaml"
    params:
        digest=digest("collect_cells"),
        rows=ROWS,
        protocols=protocol_rows(),
    script:
        "../scripts/collect_cells.py"


rule compare_cells:
    input:
        cells=rules.collect_cells.output.cells,
        paired=rules.collect_cells.output.paired,
    output:
        significance="<results>/tables/significance.csv",
    log:
        "<logs>/compare_cells.log",
    benchmark:
        "<benchmarks>/compare_cells.tsv"
    localrule: True
    conda:
        "../envs/tables.yaml"
    params:
        digest=digest("compare_cells"),
    script:
        "../scripts/compare_cells.py"


rule compare_reference:
    input:
        reference=[as_input(file) for file in CONFIG["reference"]],
        cells=rules.collect_cells.output.cells,
        zero_shot=rules.collect_cells.output.zero_shot,
        paired=rules.collect_cells.output.paired,
        protocols=rules.collect_cells.output.protocols,
    output:
        values="<results>/tables/reference.csv",
        table="<results>/tables/reference.md",
    log:
        "<logs>/compare_reference.log",
    benchmark:
        "<benchmarks>/compare_reference.tsv"
    localrule: True
    conda:
        "../envs/tables.yaml"
    params:
        digest=digest("compare_reference"),
        settings={
            "text": FIRST["dataset"],
            "published": epsilons.published(CONFIG["models"], CONFIG["methods"]),
        },
    script:
        "../scripts/compare_reference.py"


rule write_table:
    input:
        cells=rules.collect_cells.output.cells,
        zero_shot=rules.collect_cells.output.zero_shot,
        significance=rules.compare_cells.output.significance,
        reference=rules.compare_reference.output.values if CONFIG["reference"] else [],
        protocols=rules.collect_cells.output.protocols,
    output:
        values=report(
            "<results>/tables/{model}.csv",
            caption="captions/model.rst",
            category="Tables",
            labels={"model": "{model}"},
        ),
        table="<results>/tables/{model}.md",
    log:
        "<logs>/write_table/{model}.log",
    benchmark:
        "<benchmarks>/write_table/{model}.tsv"
    localrule: True
    conda:
        "../envs/tables.yaml"
    params:
        digest=digest("write_table"),
    script:
        "../scripts/write_table.py"


rule write_summary:
    input:
        cells=rules.collect_cells.output.cells,
        significance=rules.compare_cells.output.significance,
    output:
        values=report(
            "<results>/tables/summary.csv",
            caption="captions/summary.rst",
            category="Tables",
        ),
        table="<results>/tables/summary.md",
    log:
        "<logs>/write_summary.log",
    benchmark:
        "<benchmarks>/write_summary.tsv"
    localrule: True
    conda:
        "../envs/tables.yaml"
    params:
        digest=digest("write_summary"),
    script:
        "../scripts/write_summary.py"


# The models that at least one allocation is for.
ALLOCATED = [model for model in CONFIG["models"] if ratio_rows(model)]


rule write_ratio_table:
    input:
        ratios=ratio_tables,
    output:
        values="<results>/tables/{model}-ratios.csv",
        matrices="<results>/ratios/{model}.csv",
        table="<results>/tables/{model}-ratios.md",
    log:
        "<logs>/write_ratio_table/{model}.log",
    benchmark:
        "<benchmarks>/write_ratio_table/{model}.tsv"
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
        plot=report(
            "<results>/plots/{model}-ratios.svg",
            caption="captions/ratios.rst",
            category="Figures",
            labels={"model": "{model}", "figure": "ratios"},
        ),
    log:
        "<logs>/plot_ratios/{model}.log",
    benchmark:
        "<benchmarks>/plot_ratios/{model}.tsv"
    localrule: True
    conda:
        "../envs/tables.yaml"
    params:
        digest=digest("plot_ratios"),
    script:
        "../scripts/plot_ratios.py"
