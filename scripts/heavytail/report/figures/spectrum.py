"""The density of a matrix's eigenvalues, with its tail and the Marchenko-Pastur law."""

import pandas as pd
from matplotlib.figure import Figure

from heavytail.report.figures import paper


def data(datasets: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The bins, tail and edge of the matrix whose alpha_peak is the median of the dense model's.

    A row per bin and two of the tail's ends, `part` says which.
    """
    fits = datasets["fits"][datasets["fits"]["subject"] == "dense"]
    order = fits.drop_duplicates("matrix").sort_values("alpha", kind="stable")["matrix"]
    bins = datasets["densities"]
    chosen = order.iloc[len(order) // 2]
    bins = bins[(bins["subject"] == "dense") & (bins["matrix"] == chosen)]
    tail = fits[fits["matrix"] == chosen]
    return pd.concat([bins.assign(part="bins"), tail.assign(part="tail")])[
        ["part", "matrix", "eigenvalue", "density", "law", "alpha", "start", "edge", "fullest"]
    ]


def draw(table: pd.DataFrame) -> Figure:
    """On logarithmic axes."""
    figure, (panel,) = paper.panels(1, 2.4)
    bins, tail = (table[table["part"] == part] for part in ("bins", "tail"))
    fit = tail.iloc[0]
    panel.plot(bins["eigenvalue"], bins["density"], "o", color=paper.LIGHT[0], label="eigenvalues")
    panel.plot(
        tail["eigenvalue"],
        tail["density"],
        color=paper.LIGHT[1],
        label=f"tail, alpha {fit['alpha']:.2f}",
    )
    panel.plot(bins["eigenvalue"], bins["law"], ":", color="#666666", label="Marchenko-Pastur")
    panel.axvline(fit["start"], color=paper.LIGHT[1], ls="--", lw=0.6)
    panel.axvline(fit["edge"], color="#666666", ls=":", lw=0.6)
    panel.set(xscale="log", yscale="log", xlabel="eigenvalue", ylabel="density")
    panel.set_title(fit["matrix"])
    panel.legend()
    return figure
