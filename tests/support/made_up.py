"""Datasets of a report from made-up records, of as many cells as are asked for."""

import base64
import gzip
import json
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from heavytail.cells import PATH
from heavytail.config.metrics import METRICS
from heavytail.projections import PROJECTIONS
from heavytail.report import layers, sources
from heavytail.report.costs import job_rows, rule_rows
from heavytail.report.encode import joined, with_model
from heavytail.tables.cells import cell_rows, typed, zero_shot_rows
from heavytail.tables.costs import Cost
from heavytail.tables.significance import COLUMNS
from heavytail.tables.summary import best_rows
from support.records import cell, dense, scored

METHODS = ("magnitude", "wanda", "sparsegpt")
TASKS = ("arc_easy", "boolq", "winogrande")
BINS = 40


def tables(
    models: Sequence[str], allocations: int, sparsities: Sequence[str], seeds: Sequence[int]
) -> dict[str, pd.DataFrame]:
    """The tables of a matrix: three methods, the first allocation uniform; cells has all."""
    rng = np.random.default_rng(0)
    names = ["uniform", *(f"guide{number}" for number in range(1, allocations))]
    rows, quality = [], []
    for model in models:
        rows.append(dense(model) | {"cell": "dense"})
        quality.append(8.0)
        for method, sparsity, name, seed in product(METHODS, sparsities, names, seeds):
            own = cell(method, name, seed, model, sparsity=sparsity)
            path = f"{method}/{sparsity}/{name}/seed-{seed}"
            rows.append(own | {"cell": path, "artifact": f"{model}/{path}.safetensors"})
            quality.append(8 + 60 * float(sparsity) ** 4 * rng.uniform(0.7, 1.4))
    perplexity = [{"perplexity": value} for value in quality]
    scores = [
        {
            "tasks": {task: {"acc": 0.3 + 2 / value + rng.normal(0, 0.01)} for task in TASKS},
            "scores": scored(TASKS),
            "mean": 0.3 + 2 / value,
            "bos": "none",
        }
        for value in quality
    ]
    numbers = {"realised_sparsity": 0.6998, "seconds": 3.5, "peak_memory_mb": 400.0}
    pruned = {row["artifact"]: numbers for row in rows if row["artifact"]}
    cells = typed(cell_rows(rows, perplexity, scores, pruned))
    pairs = typed(pd.DataFrame(_comparisons(cells), columns=COLUMNS))
    found = {"cells": cells, "zero_shot": typed(zero_shot_rows(rows, scores))}
    return found | {"significance": pairs, "summary": best_rows(cells, pairs)}


def _comparisons(cells: pd.DataFrame) -> list[dict]:
    """Comparisons with the best and with uniform, whose intervals are made up."""
    pruned = cells[cells["method"] != "dense"]
    keys = ["model", "method", "sparsity"]
    rows = []
    for key, own in pruned.groupby(keys, sort=False):
        for quantity, sign in (("perplexity", 1), ("zero_shot_mean", -1)):
            means = own.groupby("allocation", sort=False)[quantity].mean()
            best = (sign * means).idxmin()
            for baseline, against in (("best", best), ("uniform", "uniform")):
                for name in means.index.drop(against):
                    values = means[name], means[against]
                    difference = np.subtract(*(np.log(values) if sign > 0 else values))
                    low, high = difference - 0.02, difference + 0.02
                    row = dict(zip(keys, key, strict=True)) | {"quantity": quantity}
                    row |= {"allocation": name, "baseline": baseline, "against": against}
                    row |= {"difference": difference, "low": low, "high": high}
                    rows.append(row | {"distinguishable": bool(low > 0 or high < 0)})
    return rows


def ratios(allocations: Sequence[str], sparsities: Sequence[str], blocks: int) -> pd.DataFrame:
    """Ratios of matrices; the second allocation gives each matrix of a block its own."""
    rng = np.random.default_rng(1)
    rows = []
    for method, sparsity, name in product(METHODS, sparsities, allocations):
        by_block = float(sparsity) + (0 if name == "uniform" else 1) * rng.normal(0, 0.03, blocks)
        for block, projection in product(range(blocks), PROJECTIONS):
            own = 0.01 * len(projection) if name == "guide1" else 0
            row = {"method": method, "sparsity": sparsity, "allocation": name, "block": block}
            rows.append(row | {"projection": projection, "ratio": by_block[block] + own})
    return pd.DataFrame(rows).assign(parameters=4096)


def spectra(blocks: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Bins and tails, as bin_spectra writes them, of every matrix."""
    rng = np.random.default_rng(2)
    bins, tails = [], []
    for number, (block, projection) in enumerate(product(range(blocks), PROJECTIONS)):
        place = {"block": block, "projection": projection}
        x = np.geomspace(1e-4, rng.uniform(50, 1000), BINS)
        density = x ** -rng.uniform(1, 2)
        bins += [
            place | {"eigenvalue": e, "density": d, "law": d / 2 if e < 1 else np.nan}
            for e, d in zip(x, density, strict=True)
        ]
        tail = {"eigenvalues": 64, "alpha": 2.5, "start": 1.0, "share": 0.2, "largest": 1e3}
        tails.append(place | tail | {"edge": 1.0, "fullest": 1.0 + number % 2})
    return pd.DataFrame(bins), pd.DataFrame(tails)


def datasets(
    models: Sequence[str] = ("standin",),
    allocations: int = 4,
    sparsities: Sequence[str] = ("0.5", "0.7"),
    seeds: Sequence[int] = (0,),
    blocks: int = 4,
) -> dict[str, pd.DataFrame]:
    """Every dataset of a report but those of the diagnostics."""
    found = tables(models, allocations, sparsities, seeds)
    data = sources.of_cells(*(found[name] for name in ("cells", "zero_shot", "significance")))
    data["summary"] = found["summary"]
    pruned = found["cells"][found["cells"]["seed"].notna()].astype({"seed": int})
    names = list(dict.fromkeys(pruned["allocation"]))
    matrices = ratios(names, sparsities, blocks)
    keys = ["method", "sparsity", "allocation", "block"]
    own = matrices.groupby(keys, sort=False)[["ratio"]].mean().reset_index()
    bins, tails = map(layers.named, spectra(blocks))
    rng = np.random.default_rng(3)
    values = pd.DataFrame(
        [
            {
                "block": block,
                "projection": projection,
                "metric": metric,
                "value": place + rng.normal(),
            }
            for place, metric in enumerate(METRICS)
            for block, projection in product(range(blocks), PROJECTIONS)
        ]
    )
    fits = joined(with_model(model, tails.assign(subject="dense")) for model in models)
    provenance = pd.DataFrame([{"about": "model", "what": "source", "value": "made up"}])
    per_model = {
        "ratios": own.assign(parameters=4096),
        "projections": layers.projections(matrices),
        "segments": layers.boundaries({"own": [[0], list(range(1, blocks))]}),
        "densities": bins.assign(subject="dense")[
            ["subject", "matrix", "eigenvalue", "density", "law"]
        ],
        "metrics": values,
        "provenance": provenance,
    }
    data |= {
        name: joined(with_model(model, table) for model in models)
        for name, table in per_model.items()
    }
    data |= {"fits": layers.fitted_tails(fits), "peaks": layers.undecided(fits)}
    spent = [
        Cost(rule, f"{row['model']}/{PATH.format(**row)}", *rng.uniform(3, 400, 2).round(2), False)
        for row in pruned.to_dict("records")
        for rule in ("prune_cell", "evaluate_perplexity", "evaluate_zero_shot")
    ]
    words = {"column": ["perplexity"], "words": ["made up, windows of 8 tokens"]}
    data["protocols"] = pd.DataFrame(words)
    reference = {"model": models[0], "method": "wanda", "reference": 22.77, "ours": 21.3}
    data["reference"] = pd.DataFrame([reference | {"ratio": 21.3 / 22.77}])
    return data | {"rules": rule_rows(spent), "jobs": job_rows(spent, found["cells"])}


def diagnostics(models: Sequence[str] = ("standin",)) -> dict[str, pd.DataFrame]:
    """The datasets of the diagnostics."""
    rows = [
        {
            "model": model,
            "method": method,
            "allocation": "gt",
            "sparsity": "0.7",
            "seed": 0,
            "perplexity": 10.0 + 3 * place + step,
            "zero_shot_mean": 0.5 - step / 100,
            "alpha_peak": 3.0 * place - step / 2,
        }
        for model in models
        for place, method in enumerate(METHODS)
        for step in range(4)
    ]
    dense_rows = [
        {"model": model, "method": "dense", "perplexity": 8.0, "zero_shot_mean": 0.6}
        | {"alpha_peak": 2.5}
        for model in models
    ]
    heads = [
        {"block": b, "product": p, "head": h, "effective_rank": 8.0 + h, "energy_rank_90": 5.0}
        for b, p, h in product(range(3), ("W_KᵀW_Q", "W_O W_V"), range(4))
    ]
    record = {
        part: {"eigenvalues": [4.0, 2.0, 1.0], "residuals": [0, 0, 0]}
        for part in ("trained", "random")
    }
    record |= {"inputs": [], "random_inputs": []}
    more = {"nuclear_share": 0.9, "imbalance": 0.1}
    return {
        "averages": pd.DataFrame([*dense_rows, *rows]),
        "averaged_metrics": pd.DataFrame({"metric": ["alpha_peak"]}),
        "heads": joined(with_model(m, pd.DataFrame(heads).assign(**more)) for m in models),
        "hessians": joined(with_model(m, sources.hessian_rows(record)) for m in models),
    }


def unpacked(text: str) -> Any:
    """What stands in a page as its data."""
    return json.loads(gzip.decompress(base64.b64decode(text)))
