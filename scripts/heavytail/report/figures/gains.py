"""By how much perplexity is lower than with uniform, with 95 % intervals (a forest plot)."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from heavytail.report.figures import paper
from heavytail.report.matrix import PERPLEXITY


def data(datasets: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """A row per cell: its gain over uniform and the interval of the paired bootstrap."""
    table = datasets["gains"]
    return table[table["quality"] == PERPLEXITY].drop(columns=["quality", "order"])


def draw(table: pd.DataFrame) -> Figure:
    """A panel per method and sparsity; hollow is what cannot be told from uniform."""
    parts = list(table.groupby(["method", "sparsity"], sort=False))
    names = list(dict.fromkeys(table["allocation"]))
    figure, axes = paper.panels(len(parts), 0.8 + 0.15 * len(names))
    for panel, ((method, sparsity), own) in zip(axes, parts, strict=True):
        places = np.array([names.index(name) for name in own["allocation"]])
        panel.axvline(0, color="#888888", lw=0.6, ls=":")
        panel.hlines(places, own["low"], own["high"], color=paper.LIGHT[0], lw=1)
        for told, fill in ((True, paper.LIGHT[0]), (False, "white")):
            chosen = (own["distinguishable"] == told).to_numpy()
            panel.plot(
                own["gain"][chosen],
                places[chosen],
                ls="",
                marker="o",
                color=paper.LIGHT[0],
                markerfacecolor=fill,
            )
        panel.set_title(f"{method}, {sparsity}")
        panel.set_yticks(range(len(names)), names)
        panel.set_ylim(len(names) - 0.5, -0.5)
        panel.set_xlabel("gain over uniform")
    return figure
