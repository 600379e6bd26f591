"""Where the sparsity went: the ratio of each block, allocations as rows."""

import pandas as pd
from matplotlib.figure import Figure

from heavytail.report.figures import paper


def data(datasets: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """A row per allocation and block of the first method and sparsity, ends of segments beside."""
    table = datasets["ratios"]
    first = table[["method", "sparsity"]].iloc[0]
    chosen = (table["method"] == first["method"]) & (table["sparsity"] == first["sparsity"])
    segments = datasets["segments"]
    ends = set(segments.dropna(subset=["after"])["last"]) if len(segments) else set()
    found = table[chosen].reset_index(drop=True)
    return found.assign(segment_ends=found["block"].isin(ends))


def draw(table: pd.DataFrame) -> Figure:
    """Dark blocks lose more; a line is the end of a segment."""
    names = list(dict.fromkeys(table["allocation"]))
    grid = table.pivot(index="allocation", columns="block", values="ratio").loc[names]
    figure, (panel,) = paper.panels(1, 0.8 + 0.15 * len(names))
    image = panel.imshow(grid, aspect="auto", cmap="cividis_r", interpolation="nearest")
    for end in sorted(table.loc[table["segment_ends"], "block"].unique()):
        panel.axvline(end + 0.5, color="white", lw=1)
    first = table.iloc[0]
    panel.set_title(f"{first['method']}, sparsity {first['sparsity']}")
    panel.set_yticks(range(len(names)), names)
    panel.set_xlabel("block")
    panel.spines[:].set_visible(False)
    figure.colorbar(image, ax=panel, label="ratio", fraction=0.05)
    return figure
