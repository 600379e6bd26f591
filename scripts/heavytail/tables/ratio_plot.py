"""Ratios of blocks as a plot: a line per allocation, a panel per sparsity and method."""

from itertools import cycle, product
from math import ceil
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from heavytail.tables.ratios import sections

# Colours that people without colour vision can distinguish (Okabe and Ito, without yellow); dashes.
COLOURS = ("#000000", "#E69F00", "#0072B2", "#009E73", "#D55E00", "#56B4E9", "#CC79A7")
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (6, 1.5, 1, 1.5)))
STYLES = [{"linestyle": d, "color": c, "linewidth": 1.5} for d, c in product(DASHES, COLOURS)]
# With these settings the same data give the same bytes, and letters stay text.
SVG: dict[Any, Any] = {
    "svg.hashsalt": "heavytail",
    "svg.fonttype": "none",
    "font.sans-serif": ["DejaVu Sans"],
}
LEGEND_ROWS = 16  # beside one row of panels


def plot(model: str, table: pd.DataFrame, output: str | Path) -> None:
    """Write an SVG.

    Args:
        model: its name, which is the title.
        table: tidy, as `ratios.sections` reads it.
        output: the file.
    """
    found = list(sections(table))
    rows = list(dict.fromkeys(sparsity for sparsity, _, _ in found))
    panels = {row: [part for part in found if part[0] == row] for row in rows}
    columns = max(map(len, panels.values()))
    styles = dict(zip(dict.fromkeys(table["allocation"]), cycle(STYLES), strict=False))
    legend_columns = ceil(len(styles) / (LEGEND_ROWS * len(rows)))
    size = (4.8 * columns + 1.5 * legend_columns, 4.2 * len(rows))
    with rc_context(SVG):
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(len(rows), columns, sharey="row", squeeze=False)
        for axes, row in zip(grid, rows, strict=True):
            for panel, (sparsity, methods, ratios) in zip(axes, panels[row], strict=False):
                draw(panel, ratios, styles)
                panel.set_title(f"sparsity {sparsity}: {methods}", fontsize="medium")
            for panel in axes[len(panels[row]) :]:
                panel.set_axis_off()
            axes[0].set_ylabel("sparsity of the block")
        figure.suptitle(model)
        figure.legend(
            handles=[Line2D([], [], label=name, **style) for name, style in styles.items()],
            loc="outside right center",
            frameon=False,
            ncols=legend_columns,
        )
        figure.savefig(output, format="svg", metadata={"Date": None})


def draw(panel: Axes, ratios: pd.DataFrame, styles: dict[str, dict[str, Any]]) -> None:
    """Draw one line per allocation over the blocks; `ratios` are float64 [blocks, allocations]."""
    for allocation, values in ratios.items():
        panel.plot(ratios.index, values, **styles[str(allocation)])
    panel.set_xlabel("block")
    panel.margins(x=0.01)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.grid(color="#dddddd", linewidth=0.5)
    panel.spines[["top", "right"]].set_visible(False)
