"""What a chart and a table of the report are: a row each in `contents`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import altair as alt

# A chart as Altair has it: single, layered, faceted or concatenated.
Drawing = Any


@dataclass(frozen=True)
class Chart:
    """A chart of the report.

    Attributes:
        name: of letters and dashes, the chart's anchor in the page.
        title: what stands above it.
        caption: how to read it, plain text.
        draw: makes the drawing; its data are named datasets, which the page fills in.
        needs: the datasets that it reads; without rows in the first it is left out.
        choices: name of a selection's parameter → dataset and column that give its options.
        every_model: whether it shows all models at once.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[], Drawing]
    needs: tuple[str, ...]
    choices: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    every_model: bool = False


@dataclass(frozen=True)
class Table:
    """A table of the report.

    Attributes:
        name, title, caption, every_model: as of a chart.
        data: the dataset whose rows it shows.
        columns: column of the dataset → heading. An empty mapping stands for all columns.
        records: whether a row opens the record of its cell.
    """

    name: str
    title: str
    caption: str
    data: str
    columns: Mapping[str, str] = field(default_factory=dict)
    every_model: bool = False
    records: bool = False


def named(name: str) -> alt.Chart:
    """A chart of a dataset of the page."""
    return alt.Chart(alt.NamedData(name=name))


def choice(name: str, label: str, *options: str) -> alt.Parameter:
    """A list to choose from, whose value filters read by its name.

    Without options the page fills them in (`Chart.choices`).
    """
    # A placeholder, because Vega-Lite refuses a list without entries.
    given = list(options) or [""]
    bind = alt.binding_select(options=given, name=f"{label} ")
    return alt.param(name=name, value=given[0], bind=bind)


def number(column: str, title: str = "", form: str = ".4~g", kind: str = "Q") -> alt.Tooltip:
    """A line of a tooltip for a number."""
    return alt.Tooltip(f"{column}:{kind}", title=title or column, format=form)


def words(*columns: str) -> list[alt.Tooltip]:
    """Lines of a tooltip for names."""
    return [alt.Tooltip(f"{column}:N", title=column) for column in columns]


def by_allocation(shape: bool = True) -> dict[str, Any]:
    """Colour and shape of an allocation, told apart by either, and its legend.

    The scales take the config's order, which is that of the rows.
    """
    found: dict[str, Any] = {"color": alt.Color("allocation:N", sort=None, title="allocation")}
    if shape:
        found["shape"] = alt.Shape("allocation:N", sort=None, title="allocation")
    return found
