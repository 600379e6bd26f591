"""How figures for papers look: column width, vector, and the same bytes on every run."""

from collections.abc import Iterable
from itertools import cycle
from pathlib import Path
from typing import Any, Literal

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from heavytail.io.files import replacing
from heavytail.report.style import LIGHT

# Inches: a column of two, and a page's whole width.
COLUMN, PAGE = 3.35, 6.9
# Panels side by side.
ACROSS = 3
# One less than there are colours, so that the ninth look is not the first.
MARKERS = "osD^Pv>"
STYLE: dict[Any, Any] = {
    "font.size": 7,
    "font.sans-serif": ["DejaVu Sans"],
    "axes.titlesize": 7,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.4,
    "lines.linewidth": 1.0,
    "lines.markersize": 3,
    "legend.frameon": False,
    "legend.fontsize": 6,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    # Letters stay text, and identifiers do not depend on the run.
    "svg.fonttype": "none",
    "svg.hashsalt": "heavytail",
    "pdf.fonttype": 42,
}
# What would name the time of the run.
METADATA: dict[str, dict[str, Any]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}


def panels(count: int, height: float, share: bool = True) -> tuple[Figure, list[Axes]]:
    """A figure of panels in rows of three: a column wide, or a page for more than two.

    Args:
        count: of panels.
        height: of a row in inches.
        share: whether panels share their vertical axis.
    """
    across = max(min(count, ACROSS), 1)
    down = max(-(-count // across), 1)
    size = (COLUMN if count <= 2 else PAGE, height * down)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, sharey=share)
    for panel in grid.flat[max(count, 1) :]:
        panel.set_visible(False)
    return figure, list(grid.flat[: max(count, 1)])


def styles(names: Iterable[Any]) -> dict[Any, dict[str, Any]]:
    """Name → colour and marker, told apart by either, in the order of the names."""
    looks = zip(cycle(LIGHT), cycle(MARKERS), strict=False)
    return {
        name: {"color": colour, "marker": marker}
        for name, (colour, marker) in zip(dict.fromkeys(names), looks, strict=False)
    }


def empty(reason: str) -> Figure:
    """The figure of a config that has nothing of this kind."""
    figure = Figure(figsize=(COLUMN, 0.8))
    figure.text(0.5, 0.5, reason, ha="center", va="center", color="#666666")
    return figure


def save(figure: Figure, path: str) -> None:
    """Write a figure, all or nothing; the end of its name says in which format."""
    form = Path(path).suffix[1:]
    with replacing(path) as temporary, rc_context(STYLE):
        figure.savefig(temporary, format=form, metadata=METADATA[form])


def logarithmic(panel: Axes, name: Literal["x", "y"]) -> None:
    """Make an axis logarithmic, with plain numbers such as 40 at its ticks."""
    panel.set(**{f"{name}scale": "log"})
    axis = panel.xaxis if name == "x" else panel.yaxis
    axis.set_major_formatter(LogFormatter())
    axis.set_minor_formatter(LogFormatter(minor_thresholds=(1.5, 0.5)))


def legend(figure: Figure, panel: Axes) -> None:
    """One legend of a figure, of a panel's lines and points, below its panels."""
    handles, labels = panel.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
