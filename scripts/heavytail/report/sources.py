"""From files to the datasets of the report."""

import csv
import json
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from heavytail.cells import DENSE, PATH
from heavytail.io.files import read_json
from heavytail.report import layers, matrix
from heavytail.report.encode import joined, with_model
from heavytail.tables.cells import read_csv

TABLES = ("cells", "zero_shot", "significance", "summary", "reference")
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
    return {
        "cells": cells.assign(seed=cells["seed"].astype(object).where(cells["seed"].notna())),
        "qualities": qualities,
        "tasks": names[names["quality"] != matrix.PERPLEXITY],
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
        metrics: model → family → CSV of its metrics.
    """

    def labelled(found: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
        return joined(
            with_model(model, layers.named(read_table(path)).assign(subject=subject))
            for model, own in found.items()
            for subject, path in own.items()
        )

    fits = labelled(tails)
    bins = labelled(densities)
    return {
        "densities": bins.drop(columns=["block", "projection"], errors="ignore"),
        "fits": layers.fitted_tails(fits) if len(fits) else fits,
        "peaks": layers.undecided(fits) if len(fits) else fits,
        "metrics": joined(
            with_model(model, read_table(path))
            for model, own in metrics.items()
            for path in own.values()
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


def rule_rows(benchmarks: Path) -> pd.DataFrame:
    """Per rule its jobs, seconds together and of one, and the most memory in MB.

    Args:
        benchmarks: the folder of Snakemake's benchmark files, `{rule}.tsv` or below `{rule}/`.
    """
    rows = []
    for path in sorted(benchmarks.rglob("*.tsv")):
        rule = path.relative_to(benchmarks).parts[0].removesuffix(".tsv")
        with path.open(encoding="utf-8") as lines:
            rows += [{"rule": rule, **row} for row in csv.DictReader(lines, delimiter="\t")]
    if not rows:
        return pd.DataFrame()
    table = pd.DataFrame(rows)
    # Jobs of less than half a second have "NA" for memory.
    numbers = table[["s", "max_rss"]].apply(pd.to_numeric, errors="coerce")
    groups = numbers.groupby(table["rule"], sort=False)
    found = groups["s"].agg(jobs="size", seconds="sum", mean="mean")
    found["memory"] = groups["max_rss"].max()
    return found.sort_values("seconds", ascending=False).reset_index()


def provenance_rows(model: str, provenance: str, records: Mapping[str, str]) -> pd.DataFrame:
    """What is known of a model's origin: about, what, value, all text.

    Args:
        model: its name.
        provenance: JSON of fetch_model.
        records: quality → record of the dense model.
    """
    found = read_json(provenance)
    rows = [("model", key, found.get(key)) for key in ("source", "revision")]
    rows += [("file, SHA-256", name, digest) for name, digest in found.get("files", {}).items()]
    for quality, path in records.items():
        for key, value in read_json(path).items():
            if key == "versions":
                rows += [(f"{quality}: version", name, text) for name, text in value.items()]
            elif not isinstance(value, dict | list) and value is not None:
                rows.append((f"{quality}, dense", key, value))
    table = pd.DataFrame(rows, columns=["about", "what", "value"])
    return with_model(model, table.dropna().astype(str))


def reasons(cells: pd.DataFrame, record: str) -> pd.Series:
    """Why each cell has no perplexity, as its record says; None of a cell that has one.

    Args:
        cells: cells.csv.
        record: path of a record of perplexity with {model} and {cell} in it.
    """
    found: dict[Hashable, str] = {}
    for place, row in cells[cells["perplexity"].isna()].iterrows():
        cell = DENSE
        if row["method"] != DENSE:
            # Beside the dense model's empty seed those of the cells are read as floats.
            cell = PATH.format(**dict(row) | {"seed": int(row["seed"])})
        path = Path(record.format(model=row["model"], cell=cell))
        if path.exists():
            found[place] = str(read_json(path).get("reason"))
    return pd.Series([found.get(place) for place in cells.index], cells.index, dtype=object)


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
            "averages"; "benchmarks", a folder; "record", that of a perplexity with {model} and
            {cell} in it.
    """

    def parts(*names: str) -> list[dict[str, Any]]:
        return [places.get(name, {}) for name in names]

    data = of_ratios(*parts("blocks", "matrices", "segments"))
    data |= of_spectra(*parts("densities", "tails", "metrics"))
    data |= of_diagnostics(places.get("averages"), *parts("heads", "hessians"))
    data["rules"] = rule_rows(Path(places["benchmarks"])) if "benchmarks" in places else joined([])
    data["provenance"] = joined(
        provenance_rows(model, path, places["dense"].get(model, {}))
        for model, path in places.get("provenance", {}).items()
    )
    if len(tables.get("cells", ())):
        data |= of_cells(*(tables[name] for name in TABLES[:3]))
        if "record" in places:
            data["cells"] = data["cells"].assign(reason=reasons(tables["cells"], places["record"]))
    if "summary" in tables:
        data["summary"] = _in_words(tables["summary"])
    return data | ({"reference": tables["reference"]} if "reference" in tables else {})


def _in_words(summary: pd.DataFrame) -> pd.DataFrame:
    """The summary as people read it: names of qualities, and whether two are told apart."""
    words = {"True": "yes", "False": "no"}
    apart = {
        name: summary[name].astype(str).map(words).astype(object).where(summary[name].notna(), None)
        for name in ("gt_apart", "uniform_apart")
    }
    return summary.assign(quantity=summary["quantity"].map(matrix.label_of), **apart)
