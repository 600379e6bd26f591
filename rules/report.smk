"""The report: the matrix as one page, and its figures; target `report`."""


include: "report_functions.smk"


# A report has no more measured than the cells have.
MEASURED_MODELS = [model for model in WEIGHTED if read_metrics(model)]
# Quality → the folder of its records; perplexity by each protocol is one.
SCORED = {"perplexity": "perplexity"} | {f"perplexity:{n}": f"protocols/{n}" for n in OTHERS}
if CONFIG["tasks"]:
    SCORED["zero_shot"] = "zero_shot"

REPORT_TABLES = {}
if WEIGHTED:
    REPORT_TABLES = {
        "cells": rules.collect_cells.output.cells,
        "zero_shot": rules.collect_cells.output.zero_shot,
        "significance": rules.compare_cells.output.significance,
        "summary": rules.write_summary.output.values,
        "protocols": rules.collect_cells.output.protocols,
    }
    if CONFIG["reference"]:
        REPORT_TABLES["reference"] = rules.compare_reference.output.values

REPORT_PLACES = {
    "blocks": of_models(rules.write_ratio_table.output.values, ALLOCATED),
    "matrices": of_models(rules.write_ratio_table.output.matrices, ALLOCATED),
    "segments": {model: read_guides(model, "segments") for model in ALLOCATED},
    "metrics": {model: read_metrics(model) for model in MEASURED_MODELS},
    "provenance": of_models(MODEL, WEIGHTED),
    "dense": {
        model: {
            name: plain(f"<results>/{place}/{model}/dense.json") for name, place in SCORED.items()
        }
        for model in WEIGHTED
    },
    "densities": {
        model: {DENSE: plain(f"<results>/densities/{model}.csv")} for model in MEASURED_MODELS
    },
    "tails": {model: {DENSE: plain(f"<results>/tails/{model}.csv")} for model in MEASURED_MODELS},
}


rule write_report:
    input:
        tables=list(REPORT_TABLES.values()),
        places=leaves(REPORT_PLACES),
        # The page says of each cell what its record says beside the tables.
        records=rules.collect_cells.input.perplexity,
        # On a shared disk they are there, and their content does not count.
        beside=stored_beside() if STORED else [],
    output:
        page=report(
            "<results>/report/index.html",
            caption="captions/page.rst",
            category="The whole matrix",
        ),
    log:
        "<logs>/write_report.log",
    benchmark:
        "<benchmarks>/write_report.tsv"
    localrule: True
    conda:
        "../envs/tables.yaml"
    params:
        digest=digest("write_report"),
        tables={name: str(resolved(path)) for name, path in REPORT_TABLES.items()},
        places=at_hand(REPORT_PLACES | places_beside()),
        models=list(CONFIG["models"]),
        diagnosed=diagnosed,
    script:
        "../scripts/write_report.py"


# Module of heavytail.report.figures → what it reads, and of which models there is one.
OF_CELLS = ("cells", "zero_shot", "significance")
FIGURES = {
    **{name: (OF_CELLS, (), WEIGHTED) for name in ("matrix", "curves", "pareto", "gains")},
    "blocks": ((), ("blocks", "segments"), ALLOCATED),
    "spectrum": ((), ("densities", "tails"), MEASURED_MODELS),
    "metrics": ((), ("metrics",), MEASURED_MODELS),
}


wildcard_constraints:
    figure=any_of(FIGURES),


rule plot_figure:
    input:
        tables=lambda w: list(figure_tables(w).values()),
        places=lambda w: leaves(figure_places(w)),
    output:
        svg=report(
            "<results>/plots/{model}-{figure}.svg",
            caption="captions/figure.rst",
            category="Figures",
            labels={"model": "{model}", "figure": "{figure}"},
        ),
        pdf="<results>/plots/{model}-{figure}.pdf",
        data="<results>/plots/{model}-{figure}.csv",
    log:
        "<logs>/plot_figure/{model}-{figure}.log",
    localrule: True
    conda:
        "../envs/tables.yaml"
    params:
        digest=lambda w: digest("plot_figure", f"heavytail.report.figures.{w.figure}"),
        tables=lambda w: at_hand(figure_tables(w)),
        places=lambda w: at_hand(figure_places(w)),
    script:
        "../scripts/plot_figure.py"


PLOTTED = [
    path
    for name, (_, _, models) in FIGURES.items()
    for path in outputs_for(rules.plot_figure.output, model=models, figure=name)
]


rule write_unfinished_report:
    output:
        page="<results>/report/unfinished.html",
    log:
        "<logs>/write_unfinished_report.log",
    localrule: True
    conda:
        "../envs/tables.yaml"
    params:
        digest=digest("write_unfinished_report"),
        rows=ROWS,
        records={
            name: plain(f"<results>/{place}/{{model}}/{{cell}}.json")
            for name, place in (SCORED | {"pruned": "pruned"}).items()
        },
        protocols=protocol_rows(),
        places=at_hand(REPORT_PLACES | places_beside()),
        models=list(CONFIG["models"]),
    script:
        "../scripts/write_unfinished_report.py"


rule report:
    input:
        rules.write_report.output,
        PLOTTED,
