"""Perplexity against mean accuracy, and the front of each sparsity."""

import pandas as pd
from matplotlib.figure import Figure

from heavytail.report.figures import paper


def data(datasets: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """A row per cell that has both numbers, and whether it is on the front of its sparsity."""
    return datasets["pareto"]


def draw(table: pd.DataFrame) -> Figure:
    """A panel per sparsity: colour is the allocation, the marker the method.

    Where colours come again, markers are hollow.
    """
    parts = list(table.groupby("sparsity", sort=False))
    figure, axes = paper.panels(len(parts), 2.8, share=False)
    colours = paper.styles(table["allocation"])
    markers = paper.styles(table["method"])
    for place, look in enumerate(colours.values()):
        look["markerfacecolor"] = look["color"] if place < len(paper.LIGHT) else "white"
        del look["marker"]
    for panel, (sparsity, own) in zip(axes, parts, strict=True):
        front = own[own["front"]].sort_values("perplexity")
        panel.step(
            front["perplexity"], front["accuracy"], where="post", color="#888888", ls="--", lw=0.8
        )
        for (allocation, method), points in own.groupby(["allocation", "method"], sort=False):
            panel.plot(
                points["perplexity"],
                points["accuracy"],
                ls="",
                marker=markers[method]["marker"],
                **colours[allocation],
            )
        paper.logarithmic(panel, "x")
        panel.set_title(f"sparsity {sparsity}")
        panel.set_xlabel("perplexity")
        panel.grid()
    for panel in axes[:: paper.ACROSS]:
        panel.set_ylabel("mean accuracy")
    for name, look in colours.items():
        axes[0].plot([], [], ls="", marker="s", label=name, **look)
    for name, look in markers.items():
        axes[0].plot([], [], ls="", marker=look["marker"], color="#666666", label=name)
    paper.legend(figure, axes[0])
    return figure
