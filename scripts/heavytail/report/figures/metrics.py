"""A metric by depth: a line per projection."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from heavytail.report.figures import paper


def data(datasets: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The first metric that the cells' allocations read, of every matrix."""
    table = datasets["metrics"]
    return table[table["metric"] == table["metric"].iloc[0]]


def draw(table: pd.DataFrame) -> Figure:
    """One panel."""
    figure, (panel,) = paper.panels(1, 2.4)
    looks = paper.styles(table["projection"])
    for name, own in table.groupby("projection", sort=False):
        panel.plot(own["block"], own["value"], label=name, **looks[name])
    panel.set(xlabel="block", ylabel=table["metric"].iloc[0])
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.grid()
    paper.legend(figure, panel)
    return figure
