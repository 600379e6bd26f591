"""What a chart and a table of the report are: a row each in `contents`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import altair as alt

# A chart as Altair has it: single, layered, faceted or concatenated.
Drawing = Any
# The first entry of a list that picks one thing out: nothing is. No name has parentheses.
NONE_PICKED = "(none)"


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
        columns: column of the dataset → heading. An empty mapping stands for all columns, and a
            name that ends with a colon for all that begin with it.
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

    The page appends what the data have (`Chart.choices`).
    """
    # A placeholder, because Vega-Lite refuses a list without entries.
    given = list(options) or [""]
    bind = alt.binding_select(options=given, name=f"{label} ")
    return alt.param(name=name, value=given[0], bind=bind)


def picking(name: str) -> alt.Parameter:
    """A list that picks an allocation out (`unless_picked`). The keyboard reaches it."""
    return choice(name, "pick out", NONE_PICKED)


def unless_picked(name: str, faded: float, shown: float = 1) -> Drawing:
    """The opacity of an allocation's marks: `faded` if another one is picked out."""
    own = f"{name} === '{NONE_PICKED}' || {name} === datum.allocation"
    return alt.condition(own, alt.value(shown), alt.value(faded))


def number(column: str, title: str = "", form: str = ".4~g", kind: str = "Q") -> alt.Tooltip:
    """A line of a tooltip for a number."""
    return alt.Tooltip(f"{column}:{kind}", title=title or column, format=form)


def words(*columns: str) -> list[alt.Tooltip]:
    """Lines of a tooltip for names."""
    return [alt.Tooltip(f"{column}:N", title=column) for column in columns]


def colour(column: str) -> alt.Color:
    """The colour of a line, a band or a point, whose legend is that of the shapes of `marked`.

    Scales take the config's order, which is that of the rows.
    """
    return alt.Color(f"{column}:N", sort=None, legend=None)


def marked(column: str, beside_lines: bool = True) -> dict[str, Any]:
    """Colour and shape of points, told apart by either, with one legend of both.

    Vega-Lite makes two legends where a line has the colour too: the one of shapes is coloured here.
    """
    shape = alt.Shape(f"{column}:N", sort=None, title=column)
    if not beside_lines:
        return {"color": alt.Color(f"{column}:N", sort=None, title=column), "shape": shape}
    own = alt.ExprRef("scale('color', datum.value)")
    legend = alt.Legend(symbolFillColor=own, symbolStrokeColor=own)
    return {"color": colour(column), "shape": shape.legend(legend)}


def by_method(channel: type[Drawing] = alt.Facet) -> Drawing:
    """A panel per method, in the config's order."""
    return channel("method:N", sort=alt.EncodingSortField("order", op="min"), title=None)
