"""Collect every record of the matrix into two CSV files."""

from heavytail import tables
from heavytail.files import read_json, whole
from heavytail.jobs import logged


def collect_cells(rows: list[dict], records: dict[str, list[str]], outputs: dict) -> None:
    """Write one row per cell and dense model, and one per cell, task and number.

    Args:
        rows: what the config says of each row.
        records: "perplexity", "zero_shot" (empty without tasks): paths in the order of `rows`;
            "pruned": paths beside the artifacts.
        outputs: "cells" and "zero_shot", the CSV files.
    """
    perplexity = [read_json(path) for path in records["perplexity"]]
    zero_shot = [read_json(path) for path in records["zero_shot"]]
    pruned = {f"{p.removesuffix('.json')}.safetensors": read_json(p) for p in records["pruned"]}
    frames = {
        "cells": tables.cell_rows(rows, perplexity, zero_shot, pruned),
        "zero_shot": tables.zero_shot_rows(rows, zero_shot),
    }
    for name, frame in frames.items():
        with whole(outputs[name]) as path:
            frame.to_csv(path, index=False, na_rep="nan", lineterminator="\n")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        collect_cells(snakemake.params.rows, dict(snakemake.input), dict(snakemake.output))
