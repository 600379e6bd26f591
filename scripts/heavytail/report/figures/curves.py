"""Perplexity over sparsity: a line per allocation, a panel per method, the band of the seeds."""

import pandas as pd
from matplotlib.figure import Figure

from heavytail.cells import DENSE
from heavytail.report.figures import paper
from heavytail.report.matrix import CELL, PERPLEXITY

COLUMNS = [*CELL, "share", "value", "sd", "seeds"]


def data(datasets: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """A row per cell that has a perplexity: its target as a number, mean and deviation."""
    table = datasets["qualities"]
    chosen = (table["quality"] == PERPLEXITY) & (table["method"] != DENSE)
    return table.loc[chosen & table["value"].notna(), COLUMNS]


def draw(table: pd.DataFrame) -> Figure:
    """On a logarithmic axis; the band is one standard deviation to either side."""
    methods = list(table.groupby("method", sort=False))
    figure, axes = paper.panels(len(methods), 2.4)
    looks = paper.styles(table["allocation"])
    for panel, (method, own) in zip(axes, methods, strict=True):
        for name, line in own.groupby("allocation", sort=False):
            line = line.sort_values("share")
            spread = line["sd"].fillna(0)
            panel.plot(line["share"], line["value"], label=name, **looks[name])
            band = line["value"] - spread, line["value"] + spread
            panel.fill_between(line["share"], *band, color=looks[name]["color"], alpha=0.2, lw=0)
        paper.logarithmic(panel, "y")
        panel.set_title(str(method))
        panel.set_xlabel("sparsity")
        panel.grid()
    for panel in axes[:: paper.ACROSS]:
        panel.set_ylabel("perplexity")
    paper.legend(figure, axes[0])
    return figure
