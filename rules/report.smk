"""Tables: every record in one CSV, and markdown as people read it."""


rule collect_cells:
    input:
        perplexity=[f"results/perplexity/{r['model']}/{r['cell']}.json" for r in rows()],
        zero_shot=[
            f"results/zero_shot/{r['model']}/{r['cell']}.json" for r in rows() if CONFIG["tasks"]
        ],
        pruned=[f"results/pruned/{r['model']}/{r['cell']}.json" for r in rows() if r["artifact"]],
    output:
        cells="results/tables/cells.csv",
        zero_shot="results/tables/zero_shot.csv",
    log:
        "results/logs/collect_cells.log",
    benchmark:
        "results/benchmarks/collect_cells.tsv"
    localrule: True
    conda:
        "../envs/tables.yaml"
    params:
        digest=digest("collect_cells"),
        rows=[row_settings(row) for row in rows()],
    script:
        "../scripts/collect_cells.py"


rule write_table:
    input:
        cells=rules.collect_cells.output.cells,
        zero_shot=rules.collect_cells.output.zero_shot,
    output:
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
