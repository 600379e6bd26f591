"""From files to the datasets of the report."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from heavytail.cells import DENSE
from heavytail.io.files import read_json
from heavytail.report import layers, matrix
from heavytail.report.costs import job_rows, rule_rows
from heavytail.report.encode import joined, with_model
from heavytail.report.origins import model_rows, of_records
from heavytail.tables.cells import read_csv
from heavytail.tables.costs import Cost, costs

TABLES = ("cells", "zero_shot", "significance", "summary", "reference", "protocols")
METRIC = ["block", "projection", "metric"]
Places = dict[str, Any]
TEXT = dict.fromkeys(("method", "sparsity", "allocation", "projection"), str)


def read_table(path: str) -> pd.DataFrame:
    """A CSV of blocks or matrices; names may look like numbers."""
    return pd.read_csv(path, dtype=TEXT, keep_default_na=False, na_values=["nan"])


def of_cells(cells: pd.DataFrame, scores: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, Any]:
    """The datasets of the matrix.

    Args:
        cells, scores, pairs: cells.csv, zero_shot.csv and significance.csv.
    """
    qualities = matrix.qualities(cells, scores, pairs)
    names = qualities[["model", "quality"]].drop_duplicates()
    perplexities = names["quality"].map(matrix.is_perplexity)
    return {
        "cells": cells.assign(seed=cells["seed"].astype(object).where(cells["seed"].notna())),
        "qualities": qualities,
        "perplexities": names[perplexities],
        "tasks": names[~perplexities],
        "pareto": matrix.pareto(cells),
        "gains": matrix.gains(pairs),
    }


def of_ratios(
    blocks: Mapping[str, str],
    matrices: Mapping[str, str],
    segments: Mapping[str, Mapping[str, str]],
) -> dict[str, pd.DataFrame]:
    """The datasets of the ratios.

    Args:
        blocks, matrices: model → CSV of the ratios of its blocks, and of its matrices.
        segments: model → name of segments → their JSON.
    """
    return {
        "ratios": joined(with_model(m, read_table(path)) for m, path in blocks.items()),
        "projections": joined(
            with_model(m, layers.projections(read_table(path))) for m, path in matrices.items()
        ),
        "segments": joined(
            with_model(
                m,
                layers.boundaries(
                    {n: json.loads(Path(p).read_text("utf-8")) for n, p in own.items()}
                ),
            )
            for m, own in segments.items()
        ),
    }


def of_spectra(
    densities: Mapping[str, Mapping[str, str]],
    tails: Mapping[str, Mapping[str, str]],
    metrics: Mapping[str, Mapping[str, str]],
) -> dict[str, pd.DataFrame]:
    """The datasets of the spectra.

    Args:
        densities, tails: model → "dense" or a cell → CSV of bin_spectra.
        metrics: model → family, or "all" → CSV of its metrics; one may be in several.
    """

    def labelled(found: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
        return joined(
            with_model(model, layers.named(read_table(path)).assign(subject=subject))
            for model, own in found.items()
            for subject, path in own.items()
        )

    fits = labelled(tails)
    bins = labelled(densities)
    if len(bins):
        # The law that is drawn is the dense model's.
        bins["law"] = bins["law"].where(bins["subject"] == DENSE)
    return {
        "densities": bins.drop(columns=["block", "projection"], errors="ignore"),
        "fits": layers.fitted_tails(fits) if len(fits) else fits,
        "peaks": layers.undecided(fits) if len(fits) else fits,
        "metrics": joined(
            with_model(
                model,
                layers.over_experts(
                    joined(map(read_table, own.values())).drop_duplicates(METRIC), "value"
                ),
            )
            for model, own in metrics.items()
            if own
        ),
    }


def of_diagnostics(
    averages: str | None, heads: Mapping[str, str], hessians: Mapping[str, str]
) -> dict[str, pd.DataFrame]:
    """The datasets of what the target `diagnostics` has written; without rows where it has not.

    Args:
        averages: CSV of correlate_metrics.
        heads: model → CSV of write_low_rank.
        hessians: model → JSON of measure_hessian.
    """
    points = read_csv(averages) if averages else pd.DataFrame()
    names = list(points.columns)
    # Behind the columns of the cells stand the metrics.
    metrics = names[names.index("artifact") + 1 :] if len(points) else []
    return {
        "averages": points.drop(columns=["artifact"], errors="ignore"),
        "averaged_metrics": pd.DataFrame({"metric": metrics}),
        "heads": joined(with_model(model, read_table(path)) for model, path in heads.items()),
        "hessians": joined(
            with_model(model, hessian_rows(read_json(path))) for model, path in hessians.items()
        ),
    }


def hessian_rows(record: dict[str, Any]) -> pd.DataFrame:
    """A row per eigenvalue of a record: of, weights, rank (from 1), eigenvalue."""
    spectra = [("the loss", "trained", record["trained"]), ("the loss", "random", record["random"])]
    for key, weights in (("inputs", "trained"), ("random_inputs", "random")):
        spectra += [
            (f"inputs of {entry['block']}, {', '.join(entry['projections'])}", weights, entry)
            for entry in record[key]
        ]
    rows = [
        {"of": of, "weights": weights, "rank": rank, "eigenvalue": value}
        for of, weights, entry in spectra
        for rank, value in enumerate(entry["eigenvalues"], 1)
    ]
    return pd.DataFrame(rows, columns=["of", "weights", "rank", "eigenvalue"])


def read_tables(places: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """The tables of a finished matrix by their names, those of `TABLES` that there are."""
    return {name: read_csv(places[name]) for name in TABLES if name in places}


def datasets(tables: Mapping[str, pd.DataFrame], places: Places) -> dict[str, pd.DataFrame]:
    """Every dataset of the report.

    Args:
        tables: the tables of the matrix; none where the config has no weights.
        places: paths, as far as there are any. By model: "blocks", "matrices" (ratios),
            "provenance", "heads", "hessians", "segments" (name → path), "metrics" (family →
            path), "dense" (quality → record), "densities" and "tails" ("dense" or a cell → path).
            "more_metrics", "more_densities" and "more_tails" are as those without "more".
            "calibration" (tokens), and by task "tasks" (configuration). "averages"; "benchmarks"
            and "logs", folders; "record", that of a perplexity with {model} and {cell} in it.
    """

    def parts(*names: str) -> list[dict[str, Any]]:
        return [places.get(name, {}) for name in names]

    def all_of(name: str) -> dict[str, dict[str, str]]:
        asked, more = parts(name, f"more_{name}")
        return {model: asked.get(model, {}) | more.get(model, {}) for model in [*asked, *more]}

    data = of_ratios(*parts("blocks", "matrices", "segments"))
    data |= of_spectra(*map(all_of, ("densities", "tails", "metrics")))
    data |= of_diagnostics(places.get("averages"), *parts("heads", "hessians"))
    spent: list[Cost] = []
    if "benchmarks" in places:
        spent = list(costs(Path(places["benchmarks"]), Path(places.get("logs", ""))))
    data["rules"] = rule_rows(spent)
    data["provenance"] = joined(
        model_rows(
            model,
            path,
            places["dense"].get(model, {}),
            places.get("calibration", {}).get(model),
            places.get("tasks", {}),
        )
        for model, path in places.get("provenance", {}).items()
    )
    if len(tables.get("cells", ())):
        data |= of_cells(*(tables[name] for name in TABLES[:3]))
        data["jobs"] = job_rows(spent, tables["cells"])
        if "record" in places:
            said = of_records(tables["cells"], places["record"])
            data["cells"] = data["cells"].join(said)
    if "summary" in tables:
        data["summary"] = _in_words(tables["summary"])
    return data | {name: tables[name] for name in ("reference", "protocols") if name in tables}


def _in_words(summary: pd.DataFrame) -> pd.DataFrame:
    """The summary as people read it: names of qualities, and whether two are told apart."""
    words = {"True": "yes", "False": "no"}
    apart = {
        name: summary[name].astype(str).map(words).astype(object).where(summary[name].notna(), None)
        for name in ("gt_apart", "uniform_apart")
    }
    return summary.assign(quantity=summary["quantity"].map(matrix.label_of), **apart)
