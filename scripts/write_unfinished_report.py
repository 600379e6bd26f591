"""Write the report of the cells that have their records, and say which have not."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from heavytail.cells import DENSE
from heavytail.evaluation.paired import common_weights
from heavytail.io.files import read_json
from heavytail.report.matrix import PERPLEXITY, is_perplexity
from heavytail.report.writing import there, write_report
from heavytail.running.jobs import logged
from heavytail.tables.cells import Row, cell_rows, typed, zero_shot_rows
from heavytail.tables.significance import significance
from heavytail.tables.summary import best_rows

# What a record says of a cell and not of a dense model.
PRUNED = "pruned"


def records_of(row: Row, paths: dict[str, str]) -> dict[str, Path]:
    """The records that a row should have."""
    found = {stage: Path(path.format(**row)) for stage, path in paths.items()}
    return found if row["cell"] != DENSE else {s: p for s, p in found.items() if s != PRUNED}


def tables_of(rows: list[Row], paths: dict[str, str]) -> dict[str, pd.DataFrame]:
    """The tables of rows that have all their records, as a finished matrix has them."""
    records = [{s: read_json(p) for s, p in records_of(row, paths).items()} for row in rows]
    perplexity = [own["perplexity"] for own in records]
    scored = [own["zero_shot"] for own in records if "zero_shot" in own]
    pruned = {
        str(row["artifact"]): own[PRUNED]
        for row, own in zip(rows, records, strict=True)
        if row["artifact"]
    }
    others = {
        name: [own[name]["perplexity"] for own in records]
        for name in paths
        if is_perplexity(name) and name != PERPLEXITY
    }
    cells = typed(cell_rows(rows, perplexity, scored, pruned, others))
    losses = [np.array(record["losses"], dtype=float) for record in perplexity]
    weights: dict[str, float] = {}
    for record in scored:
        weights = common_weights(weights, record["weights"])
    outcomes = [
        {task: np.array(record["results"]["outcomes"][task]) for task in weights}
        for record in scored
    ]
    pairs = typed(significance(cells, losses, outcomes, weights))
    found = {
        "cells": cells,
        "zero_shot": typed(zero_shot_rows(rows, scored)),
        "significance": pairs,
    }
    return found | {"summary": best_rows(cells, pairs)}


def write_unfinished_report(
    rows: list[Row],
    paths: dict[str, str],
    protocols: list[dict[str, Any]],
    places: dict[str, Any],
    **page: Any,
) -> None:
    """Write the page.

    Args:
        rows: what the config says of each row.
        paths: quality, or "pruned" → path of its record, with names of a row in it.
        protocols: what the config says of each.
        places: of `write_report`, files that are not there yet among them.
        page: what else `write_report` takes.
    """
    lacking = {}
    for number, row in enumerate(rows):
        absent = [stage for stage, path in records_of(row, paths).items() if not path.exists()]
        if absent:
            lacking[number] = f"{row['model']}/{row['cell']}: no {', '.join(absent)}"
    done = [row for number, row in enumerate(rows) if number not in lacking]
    tables = tables_of(done, paths) if done else {}
    tables["protocols"] = pd.DataFrame(protocols)
    write_report(tables, there(places), missing=tuple(lacking.values()), **page)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_unfinished_report(
            snakemake.params.rows,
            snakemake.params.records,
            snakemake.params.protocols,
            snakemake.params.places,
            models=snakemake.params.models,
            config=snakemake.config,
            scripts=snakemake.scriptdir,
            output=snakemake.output.page,
        )
