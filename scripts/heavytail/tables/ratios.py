"""Ratios of blocks as a tidy table and as a page for people."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from heavytail.projections import Matrix
from heavytail.tables.markdown import markdown

COLUMNS = ["method", "sparsity", "allocation", "block", "parameters", "ratio"]
MATRICES = [*COLUMNS[:4], "projection", *COLUMNS[4:]]


def block_rows(ratios: dict[Matrix, float], sizes: dict[Matrix, int]) -> list[dict[str, Any]]:
    """A row per block: its number, its weights, and the parameter-weighted mean of its ratios."""
    rows: dict[int, dict[str, Any]] = {}
    for (block, projection), size in sizes.items():
        row = rows.setdefault(block, {"block": block, "parameters": 0, "ratio": 0.0})
        row["parameters"] += size
        row["ratio"] += size * ratios[block, projection]
    return [row | {"ratio": row["ratio"] / row["parameters"]} for row in rows.values()]


def matrix_rows(ratios: dict[Matrix, float], sizes: dict[Matrix, int]) -> list[dict[str, Any]]:
    """A row per matrix: its block and projection, its weights, and its ratio."""
    return [
        {"block": block, "projection": name, "parameters": size, "ratio": ratios[block, name]}
        for (block, name), size in sizes.items()
    ]


def sections(table: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield (sparsity, methods, their ratios), the ratios as float64 [blocks, allocations].

    Methods share a section if all of their ratios are the same.

    Args:
        table: tidy, with the columns `COLUMNS`.
    """
    for sparsity, rows in table.groupby("sparsity", sort=False):
        found: list[tuple[str, pd.DataFrame]] = []
        for method, own in rows.groupby("method", sort=False):
            ratios = own.pivot(index="block", columns="allocation", values="ratio")
            ratios = ratios[list(dict.fromkeys(own["allocation"]))]
            same = next((n for n, (_, other) in enumerate(found) if ratios.equals(other)), None)
            if same is None:
                found.append((str(method), ratios))
            else:
                found[same] = (f"{found[same][0]}, {method}", ratios)
        yield from ((str(sparsity), methods, ratios) for methods, ratios in found)


def page(model: str, table: pd.DataFrame) -> str:
    """Markdown with a table per sparsity and method: blocks as rows, allocations as columns.

    The last row of each table is the ratio of the whole model.
    """
    blocks = table.drop_duplicates("block").set_index("block")["parameters"]
    parts = [f"# {model}: ratios", "Sparsity of each block, matrices weighted by their size."]
    for sparsity, methods, ratios in sections(table):
        of_model = ratios.mul(blocks, axis=0).sum() / blocks.sum()
        shown = pd.concat([ratios, of_model.to_frame("all").T]).map("{:.3f}".format)
        parts += [f"## Sparsity {sparsity}: {methods}", markdown(shown.rename_axis("block"))]
    return "\n\n".join(parts) + "\n"
