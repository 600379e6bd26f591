"""The report: the matrix as one page, and its figures; target `report`."""


def plain(path):
    """A path as a plain str: Snakemake's own kind knows its rule, and no job could take it."""
    return str(resolved(path))


def of_models(path, models):
    """Model → its file."""
    return {model: plain(path).format(model=model) for model in models}


def read_guides(model, kind):
    """Name → file of a kind of guide, "scores" or "segments", that allocations of a model read."""
    named = dict.fromkeys(row["allocation"] for row in ratio_rows(model))
    paths = [guides_of(name).get(kind, "") for name in named]
    found = {plain(path).format(model=model) for path in paths if path}
    return {Path(path).stem: path for path in sorted(found)}


def read_metrics(model):
    """Family of metrics → its table, of those that allocations of a model read."""
    found = read_guides(model, "scores")
    return {name: path for name, path in found.items() if name in metric_names.FAMILIES}


# A report has no more measured than the cells have.
MEASURED_MODELS = [model for model in WEIGHTED if read_metrics(model)]
DENSE_RECORDS = {"perplexity": "<results>/perplexity/{model}/dense.json"}
if CONFIG["tasks"]:
    DENSE_RECORDS["zero_shot"] = "<results>/zero_shot/{model}/dense.json"

REPORT_TABLES = {}
if WEIGHTED:
    REPORT_TABLES = {
        "cells": rules.collect_cells.output.cells,
        "zero_shot": rules.collect_cells.output.zero_shot,
        "significance": rules.compare_cells.output.significance,
        "summary": rules.write_summary.output.values,
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
        model: {name: plain(path).format(model=model) for name, path in DENSE_RECORDS.items()}
        for model in WEIGHTED
    },
    "densities": {
        model: {DENSE: plain(f"<results>/densities/{model}.csv")} for model in MEASURED_MODELS
    },
    "tails": {model: {DENSE: plain(f"<results>/tails/{model}.csv")} for model in MEASURED_MODELS},
}


def leaves(places):
    """The files of nested places, each once."""
    found = []
    for place in places.values():
        found += leaves(place) if isinstance(place, dict) else [place]
    return list(dict.fromkeys(found))


def places_beside(_wildcards=None):
    """What the report shows if it is there, but does not have made: by the target diagnostics.

    Their content counts in `diagnosed`. What jobs cost is read as it is, and counts in nothing.
    """
    heads = of_models(rules.write_low_rank.output.values, WEIGHTED)
    hessians = of_models(rules.measure_hessian.output.record, WEIGHTED)
    return {
        "averages": plain(rules.correlate_metrics.output.averages),
        "heads": heads,
        "hessians": hessians,
        "benchmarks": plain("<benchmarks>"),
        "record": plain("<results>/perplexity/{model}/{cell}.json"),
    }


def diagnosed(_wildcards=None):
    """Path → SHA-256 of the diagnostics that there are."""
    found = places_beside()
    paths = leaves({name: found[name] for name in ("averages", "heads", "hessians")})
    return {path: files.sha256(path) for path in paths if Path(path).exists()}


rule write_report:
    input:
        tables=list(REPORT_TABLES.values()),
        places=leaves(REPORT_PLACES),
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
        tables={name: plain(path) for name, path in REPORT_TABLES.items()},
        places=REPORT_PLACES | places_beside(),
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


def figure_tables(wildcards):
    """Name → table of the matrix that a figure reads."""
    return {name: plain(REPORT_TABLES[name]) for name in FIGURES[wildcards.figure][0]}


def figure_places(wildcards):
    """The files of a model that a figure reads."""
    names = FIGURES[wildcards.figure][1]
    return {name: {wildcards.model: REPORT_PLACES[name][wildcards.model]} for name in names}


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
        tables=figure_tables,
        places=figure_places,
    script:
        "../scripts/plot_figure.py"


PLOTTED = [
    path
    for name, (_, _, models) in FIGURES.items()
    for path in expand(rules.plot_figure.output, model=models, figure=name)
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
            name: plain(f"<results>/{name}/{{model}}/{{cell}}.json")
            for name in [*DENSE_RECORDS, "pruned"]
        },
        places=REPORT_PLACES | places_beside(),
        models=list(CONFIG["models"]),
    script:
        "../scripts/write_unfinished_report.py"


rule report:
    input:
        rules.write_report.output,
        PLOTTED,
