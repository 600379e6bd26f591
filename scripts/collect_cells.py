"""Collect all records of the matrix in two CSV files and a file that the comparisons read."""

import pandas as pd

from heavytail.config.entries import Candidate
from heavytail.evaluation.paired import common_weights, write_paired
from heavytail.io.files import read_json
from heavytail.running.jobs import logged
from heavytail.tables.cells import Row, cell_rows, write_csv, zero_shot_rows


def collect_cells(
    rows: list[Row],
    protocols: list[dict[str, object]],
    records: dict[str, list[str]],
    outputs: dict[str, str],
) -> None:
    """Write one row per cell and dense model, one per cell, task and number, one per protocol.

    Args:
        rows: the settings of each row, from the config.
        protocols: what the config says of each, with its column of the cells.
        records: paths. "perplexity" and "zero_shot" (empty without tasks) are in the order of
            `rows`, "protocols" likewise for each protocol but the first; "pruned" stand beside the
            artifacts; "tuned", what trials chose, are named in `rows`.
        outputs: "cells", "zero_shot" and "protocols", the CSV files, and "paired".
    """
    # A record has the likelihoods of every document: of all records only the numbers fit in memory.
    perplexity, losses, zero_shot, outcomes = [], [], [], []
    weights: dict[str, float] = {}
    for record in map(read_json, records["perplexity"]):
        perplexity.append({"perplexity": record["perplexity"]})
        losses.append(record["losses"])
    for record in map(read_json, records["zero_shot"]):
        zero_shot.append({key: record[key] for key in ("tasks", "scores", "mean", "bos")})
        outcomes.append(record["results"]["outcomes"])
        weights = common_weights(weights, record["weights"])
    write_paired(outputs["paired"], losses, outcomes, weights)
    artifacts = [str(row["artifact"]) for row in rows if row["artifact"]]
    pruned = dict(zip(artifacts, map(read_json, records["pruned"]), strict=True))
    trials = dict.fromkeys(str(row["tuned"]) for row in rows if "tuned" in row)
    found = [read_json(path)["chosen"] for path in records["tuned"]]
    chosen: dict[str, Candidate] = dict(zip(trials, found, strict=True))
    rows = [{**row, **chosen.get(row.get("tuned", ""), {})} for row in rows]
    paths = iter(records.get("protocols") or [])
    others = {
        str(protocol["column"]): [read_json(next(paths))["perplexity"] for _ in rows]
        for protocol in protocols[1:]
    }
    write_csv(outputs["cells"], cell_rows(rows, perplexity, zero_shot, pruned, others))
    write_csv(outputs["protocols"], pd.DataFrame(protocols))
    write_csv(outputs["zero_shot"], zero_shot_rows(rows, zero_shot))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        told = snakemake.params.rows, snakemake.params.protocols
        collect_cells(*told, dict(snakemake.input), dict(snakemake.output))
