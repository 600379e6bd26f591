"""Tables: every record in two CSV files, comparisons, and markdown as people read it."""

ROWS = [row_settings(row) for row in rows()]


rule collect_cells:
    input:
        perplexity=[f"results/perplexity/{r['model']}/{r['cell']}.json" for r in rows()],
        zero_shot=[
            f"results/zero_shot/{r['model']}/{r['cell']}.json" for r in rows() if CONFIG["tasks"]
        ],
        pruned=[f"results/pruned/{r['model']}/{r['cell']}.json" for r in rows() if r["artifact"]],
        tuned=list(dict.fromkeys(row["tuned"] for row in ROWS if "tuned" in row)),
    output:
        cells="results/tables/cells.csv",
        zero_shot="results/tables/zero_shot.csv",
        paired="results/tables/paired.npz",
    log:
        "results/logs/collect_cells.log",
    benchmark:
        "results/benchmarks/collect_cells.tsv"
    localrule: True
    conda:
        "../envs/tables.yaml"
    params:
        digest=digest("collect_cells"),
        rows=ROWS,
    script:
        "../scripts/collect_cells.py"


rule compare_cells:
    input:
        cells=rules.collect_cells.output.cells,
        paired=rules.collect_cells.output.paired,
    output:
        significance="results/tables/significance.csv",
    log:
        "results/logs/compare_cells.log",
    benchmark:
        "results/benchmarks/compare_cells.tsv"
    localrule: True
    conda:
        "../envs/tables.yaml"
    params:
        digest=digest("compare_cells"),
    script:
        "../scripts/compare_cells.py"


rule compare_notes:
    input:
        notes=CONFIG["notes"] or [],
        cells=rules.collect_cells.output.cells,
        zero_shot=rules.collect_cells.output.zero_shot,
    output:
        values="results/tables/notes.csv",
        table="results/tables/notes.md",
    log:
        "results/logs/compare_notes.log",
    benchmark:
        "results/benchmarks/compare_notes.tsv"
    localrule: True
    conda:
        "../envs/tables.yaml"
    params:
        digest=digest("compare_notes"),
        settings={
            "text": CONFIG["evaluation"]["dataset"],
            "published": {name: methods.METHODS[name].epsilon for name in CONFIG["methods"]},
        },
    script:
        "../scripts/compare_notes.py"


rule write_table:
    input:
        cells=rules.collect_cells.output.cells,
        zero_shot=rules.collect_cells.output.zero_shot,
        significance=rules.compare_cells.output.significance,
        notes=rules.compare_notes.output.values if CONFIG["notes"] else [],
    output:
        values="results/tables/{model}.csv",
        table="results/tables/{model}.md",
    log:
        "results/logs/write_table/{model}.log",
    benchmark:
        "results/benchmarks/write_table/{model}.tsv"
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
        values="results/tables/summary.csv",
        table="results/tables/summary.md",
    log:
        "results/logs/write_summary.log",
    benchmark:
        "results/benchmarks/write_summary.tsv"
    localrule: True
    conda:
        "../envs/tables.yaml"
    params:
        digest=digest("write_summary"),
    script:
        "../scripts/write_summary.py"
