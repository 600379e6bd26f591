"""Correlate every metric with quality, over models, training checkpoints and pruned cells."""

from typing import Any

import pandas as pd

from heavytail.cells import DENSE
from heavytail.diagnostics import correlations
from heavytail.io.files import write_text
from heavytail.running.jobs import logged
from heavytail.tables.cells import read_csv, write_csv

QUALITIES = ("perplexity", "zero_shot_mean")
SLICES = ["model", "method", "sparsity", "allocation"]
INTRODUCTION = """# Metrics and quality

This page correlates the average of every metric over all matrices of a model with quality, as in
arXiv 2202.02842. It shows rank correlations over dense models and training checkpoints, over pruned
cells, and of the metrics of dense weights with the quality after pruning. It also shows whether a
pooled correlation is reversed within slices (Simpson's paradox). Few points prove little: `n` is
beside each number, and cells of one model are not independent. Slices that are too small for a
number are left out here."""


def points_of(metrics: list[str], cells: pd.DataFrame) -> pd.DataFrame:
    """One row per dense model and pruned cell: its row of the cells table, and its averages.

    Args:
        metrics: the tables of metrics, CSV, in the order of the rows of `cells`.
        cells: tables/cells.csv.
    """
    averages = [
        correlations.model_averages(pd.read_csv(path, dtype={"projection": str}))["mean"]
        for path in metrics
    ]
    if len(averages) != len(cells):
        raise ValueError(f"cells.csv: {len(cells)} rows, expected {len(averages)}")
    return pd.concat([cells, pd.DataFrame(averages).reset_index(drop=True)], axis=1)


def sections(points: pd.DataFrame, metrics: list[str], quality: str) -> dict[str, pd.DataFrame]:
    """Title → the table of correlations with one quality."""
    dense = points["method"] == DENSE
    return {
        "dense models": correlations.correlations(points[dense], metrics, quality),
        "dense models and pruned cells": correlations.correlations(points, metrics, quality),
        "dense metrics, pruned quality": correlations.dense_to_pruned(points, metrics, quality),
        **{
            f"by {key}": correlations.correlations(points[~dense], metrics, quality, [key])
            for key in SLICES
        },
    }


def readable(table: pd.DataFrame) -> str:
    """The correlations that are numbers, as markdown; the CSV has the others too."""
    found = table.dropna(subset="spearman")
    few = f"No slice has {correlations.FEWEST_POINTS} usable points."
    return correlations.correlations_markdown(found) if len(found) else few


def correlate_metrics(inputs: dict[str, Any], outputs: dict[str, str]) -> None:
    """Write the averages and the correlations as CSV, and the page.

    Args:
        inputs: "metrics", tables of models and cells; "cells", tables/cells.csv, same order.
        outputs: "averages", "correlations" (CSV) and "table" (markdown).
    """
    cells = read_csv(inputs["cells"])
    points = points_of(inputs["metrics"], cells)
    metrics = [name for name in points.columns if name not in cells.columns]
    found, page = [], [INTRODUCTION]
    for quality in (name for name in QUALITIES if points[name].notna().any()):
        for title, table in sections(points, metrics, quality).items():
            found.append(table.assign(section=title))
            page += [f"## {quality}: {title}", readable(table)]
        paradox = correlations.simpsons_paradox(points, metrics, quality, SLICES)
        page += [f"## {quality}: Simpson's paradox", correlations.simpson_markdown(paradox)]
    # Without any quality there is nothing to correlate, but the averages are still written.
    correlated = pd.concat(found) if found else pd.DataFrame(columns=correlations.COLUMNS)
    write_csv(outputs["averages"], points)
    write_csv(outputs["correlations"], correlated)
    write_text(outputs["table"], "\n\n".join(page) + "\n")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        correlate_metrics(dict(snakemake.input), dict(snakemake.output))
