"""Perplexity of every cell as a heat map: allocations by sparsity, a panel per method."""

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from heavytail.cells import DENSE
from heavytail.report.figures import paper
from heavytail.report.matrix import CELL, DARKEST, PERPLEXITY

COLUMNS = [*CELL, "value", "sd", "seeds", "to_best", "mark", "shown"]


def data(datasets: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """A row per cell: the mean over seeds, and how many times worse it is than its row's best."""
    table = datasets["qualities"]
    return table.loc[(table["quality"] == PERPLEXITY) & (table["method"] != DENSE), COLUMNS]


def draw(table: pd.DataFrame) -> Figure:
    """Dark is worse, on a logarithmic scale up to `DARKEST`; the best of a row is bold."""
    methods = list(table.groupby("method", sort=False))
    height = 0.7 + 0.16 * table["allocation"].nunique()
    figure, axes = paper.panels(len(methods), height)
    worst = np.log(DARKEST)
    for panel, (method, own) in zip(axes, methods, strict=True):
        columns = list(dict.fromkeys(own["sparsity"]))
        rows = list(dict.fromkeys(table["allocation"]))
        grid = own.pivot(index="allocation", columns="sparsity", values="to_best")
        shades = np.log(grid.reindex(index=rows, columns=columns)) / worst
        colours = matplotlib.colormaps["cividis_r"].with_extremes(bad="#cccccc")
        panel.imshow(shades, aspect="auto", cmap=colours, vmin=0, vmax=1)
        for _, row in own.iterrows():
            place = columns.index(row["sparsity"]), rows.index(row["allocation"])
            weight = "bold" if row["mark"] == "best" else "normal"
            ink = "white" if np.log(row["to_best"]) > 0.5 * worst else "black"
            panel.text(*place, row["shown"], ha="center", va="center", color=ink, weight=weight)
        panel.set_title(str(method))
        panel.set_xticks(range(len(columns)), columns)
        panel.set_yticks(range(len(rows)), rows)
        panel.set_xlabel("sparsity")
        panel.spines[:].set_visible(False)
        panel.tick_params(length=0)
    return figure
