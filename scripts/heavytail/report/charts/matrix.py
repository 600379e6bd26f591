"""Charts of the cells: heat map, curves, Pareto front, gains over uniform."""

import altair as alt

from heavytail.report.chart import (
    Drawing,
    by_method,
    choice,
    colour,
    marked,
    named,
    number,
    picking,
    unless_picked,
    words,
)
from heavytail.report.matrix import DARKEST

BEST, DENSE = "the best of its row", "the dense model"
LOG = alt.Scale(type="log", nice=False, padding=14)
CELL = ("method", "sparsity", "allocation")
# The same number has the same shade in every matrix.
DARKEST_HERE = f"(against === '{BEST}' ? {DARKEST} : {10 * DARKEST})"


def heat_map() -> Drawing:
    """Allocations by sparsity, a panel per method; how many times worse than the best or dense."""
    against = choice("against", "compared with", BEST, DENSE)
    base = alt.Chart().encode(
        x=alt.X("sparsity:N", sort=None, title="sparsity", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("allocation:N", sort=None, title=None),
        # Of the number too, which lies over the middle of its cell.
        tooltip=[
            *words("model", *CELL, "quality", "shown"),
            number("value", "mean over seeds", ".6~g"),
            number("sd", "deviation over seeds"),
            number("seeds", form="d"),
            number("to_best", "times worse than the best"),
            number("to_dense", "times worse than dense"),
            number("difference", "difference from the best"),
            number("low", "  95 % interval from"),
            number("high", "  to"),
            *words("epsilon", "settings", "record"),
        ],
    )
    cells = base.mark_rect().encode(
        color=alt.condition(
            "isValid(datum.worse)",
            alt.Color(
                "shade:Q",
                scale=alt.Scale(
                    type="log",
                    scheme="cividis",
                    reverse=True,
                    domainMin=1,
                    domainMax=alt.ExprRef(DARKEST_HERE),
                ),
                title="times worse",
                legend=alt.Legend(format=".3~g", orient="bottom", titleOrient="left"),
            ),
            alt.value("#8888"),
        ),
        stroke=alt.condition("datum.mark === 'best'", alt.value("#d55e00"), alt.value(None)),
        strokeWidth=alt.value(3),
    )
    text = base.mark_text(fontSize=12).encode(
        text="shown:N",
        color=alt.condition(
            f"!isValid(datum.worse) || log(datum.shade) < 0.5 * log({DARKEST_HERE})",
            alt.value("#000"),
            alt.value("#fff"),
        ),
    )
    return (
        alt.layer(cells, text)
        .properties(width=alt.Step(96), height=alt.Step(24))
        .facet(
            column=by_method(alt.Column),
            data=alt.NamedData(name="qualities"),
        )
        .add_params(choice("quality", "quality"), against)
        .transform_filter("datum.quality === quality && datum.method !== 'dense'")
        .transform_calculate(
            worse=f"against === '{BEST}' ? datum.to_best : datum.to_dense",
            # Of what has no number another colour is taken, but a scale refuses what is no number.
            shade=f"isValid(datum.worse) ? clamp(datum.worse, 1, {DARKEST_HERE}) : 1",
            record="(datum.quality === 'perplexity' ? 'perplexity/' :"
            " indexof(datum.quality, 'perplexity:') === 0 ?"
            " 'protocols/' + slice(datum.quality, 11) + '/' : 'zero_shot/')"
            " + datum.model + '/' + datum.method + '/' + datum.sparsity + '/' + datum.allocation",
        )
    )


def _curves(keep: str, scale: alt.Scale, picked: str, *controls: alt.Parameter) -> Drawing:
    """A quality over the share of weights removed, a panel per method, the band of the seeds."""
    axis = alt.Axis(format="~%", tickMinStep=0.1)
    x = alt.X("share:Q", title="sparsity", axis=axis, scale=alt.Scale(padding=12))
    base = alt.Chart().encode(x=x, opacity=unless_picked(picked, 0.15))
    y = alt.Y("value:Q", scale=scale, title=None)
    band = base.mark_area(opacity=0.2).encode(
        y=alt.Y("low_seed:Q", scale=scale, title=None),
        y2="high_seed:Q",
        opacity=unless_picked(picked, 0, 0.2),
        color=colour("allocation"),
    )
    line = base.mark_line().encode(y=y, color=colour("allocation"))
    tooltip = [
        *words("model", *CELL, "quality", "shown"),
        number("value", "mean over seeds", ".6~g"),
        number("sd", "deviation over seeds"),
        number("seeds", form="d"),
    ]
    points = base.mark_point(filled=True, size=55).encode(
        y=y, tooltip=tooltip, **marked("allocation")
    )
    return (
        alt.layer(band, line, points)
        .properties(width=240, height=220)
        .facet(
            facet=by_method(),
            columns=3,
            data=alt.NamedData(name="qualities"),
        )
        .add_params(*controls, picking(picked))
        .transform_filter(f"datum.method !== 'dense' && isValid(datum.value) && {keep}")
        .transform_calculate(
            low_seed="datum.value - (datum.sd || 0)", high_seed="datum.value + (datum.sd || 0)"
        )
    )


def perplexity_curves() -> Drawing:
    """Perplexity by a protocol over sparsity, on a logarithmic axis."""
    return _curves(
        "datum.quality === protocol", LOG, "picked_perplexity", choice("protocol", "protocol")
    )


def accuracy_curves() -> Drawing:
    """The mean accuracy, or the number of a task, over sparsity."""
    return _curves(
        "datum.quality === task",
        alt.Scale(zero=False),
        "picked_accuracy",
        choice("task", "score"),
    )


def pareto() -> Drawing:
    """Perplexity against mean accuracy, the front of a sparsity drawn as a line."""
    base = named("pareto").transform_filter("datum.sparsity === sparsity_of_front")
    x = alt.X("perplexity:Q", scale=LOG, title="perplexity")
    y = alt.Y("accuracy:Q", scale=alt.Scale(zero=False), title="mean accuracy")
    front = (
        base.transform_filter("datum.front")
        .mark_line(interpolate="step-after", strokeDash=[4, 3], color="#888")
        .encode(x=x, y=y, order="perplexity:Q")
    )
    points = base.mark_point(filled=True, size=80).encode(
        x=x,
        y=y,
        color=alt.Color("allocation:N", sort=None),
        shape=alt.Shape("method:N", sort=None),
        opacity=unless_picked("picked_point", 0.12),
        tooltip=[
            *words("model", *CELL),
            number("perplexity", form=".6~g"),
            number("accuracy", form=".4f"),
            *words("front"),
        ],
    )
    return (
        alt.layer(front, points)
        .properties(width=430, height=300)
        .add_params(choice("sparsity_of_front", "sparsity"), picking("picked_point"))
    )


def forest() -> Drawing:
    """The gain of each allocation over uniform with its 95 % interval, a panel per method."""
    y = alt.Y("allocation:N", sort=None, title=None)
    base = alt.Chart().encode(y=y)
    zero = alt.Chart().mark_rule(color="#888", strokeDash=[3, 3]).encode(x=alt.datum(0))
    bars = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", title="gain over uniform"), x2="high:Q", color=_certain()
    )
    points = base.mark_point(size=60).encode(
        x=alt.X("gain:Q"),
        color=_certain(),
        shape=alt.Shape("apart:N", legend=None, scale=alt.Scale(range=["circle", "diamond"])),
        tooltip=[
            *words("model", *CELL, "quality"),
            number("gain", form="+.4~f"),
            number("low", "95 % interval from", "+.4~f"),
            number("high", "to", "+.4~f"),
            *words("apart"),
        ],
    )
    return (
        alt.layer(zero, bars, points)
        .properties(width=230, height=alt.Step(18))
        .facet(
            facet=by_method(),
            columns=3,
            data=alt.NamedData(name="gains"),
        )
        .add_params(choice("gain_in", "quality"), choice("sparsity_of_gain", "sparsity"))
        .transform_filter("datum.quality === gain_in && datum.sparsity === sparsity_of_gain")
        .transform_calculate(apart="datum.distinguishable ? 'told apart' : 'not told apart'")
    )


def _certain() -> alt.Color:
    """Whether the comparison tells an allocation from uniform."""
    return alt.Color(
        "apart:N", scale=alt.Scale(domain=["told apart", "not told apart"]), title=None
    )
