"""Charts of blocks and matrices: where the sparsity went, spectra, metrics."""

import altair as alt

from heavytail.report.chart import (
    Drawing,
    choice,
    colour,
    marked,
    named,
    number,
    picking,
    unless_picked,
    words,
)

BLOCK = alt.X("block:Q", title="block", axis=alt.Axis(format="d", tickMinStep=1))


def ratio_lines() -> Drawing:
    """The ratio of each block, allocations overlaid, and where segments end."""
    base = named("ratios").transform_filter(
        "datum.sparsity === sparsity_of_lines && datum.method === method_of_lines"
    )
    y = alt.Y("ratio:Q", scale=alt.Scale(zero=False), axis=alt.Axis(format="~%"), title="sparsity")
    faded = unless_picked("picked_line", 0.12)
    lines = base.mark_line().encode(x=BLOCK, y=y, opacity=faded, color=colour("allocation"))
    points = base.mark_point(filled=True, size=40).encode(
        x=BLOCK,
        y=y,
        opacity=faded,
        tooltip=[
            *words("allocation", "method", "sparsity", "block"),
            number("ratio", form=".4f"),
            number("parameters", form=","),
        ],
        **marked("allocation"),
    )
    ends = (
        named("segments")
        .transform_filter("isValid(datum.after)")
        .mark_rule(strokeDash=[2, 4], color="#888")
        .encode(x="after:Q", tooltip=words("segments", "first", "last"))
    )
    return (
        alt.layer(ends, lines, points)
        .properties(width=560, height=280)
        .add_params(
            choice("sparsity_of_lines", "sparsity"),
            choice("method_of_lines", "method"),
            picking("picked_line"),
        )
    )


def ratio_map() -> Drawing:
    """Blocks by allocation and projection, coloured by the ratio of the matrix."""
    return (
        named("projections")
        .transform_filter("datum.sparsity === sparsity_of_map && datum.method === method_of_map")
        .transform_calculate(
            row="datum.allocation + (datum.projection === 'all' ? '' : ' ' + datum.projection)"
        )
        .mark_rect()
        .encode(
            x=alt.X("block:O", title="block", axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("row:N", sort=None, title=None),
            color=alt.Color(
                "ratio:Q",
                scale=alt.Scale(scheme="cividis", reverse=True),
                title="sparsity",
                legend=alt.Legend(format=".1%"),
            ),
            tooltip=[
                *words("allocation", "method", "sparsity", "block", "projection"),
                number("ratio", form=".4f"),
            ],
        )
        .properties(width=560, height=alt.Step(22))
        .add_params(choice("sparsity_of_map", "sparsity"), choice("method_of_map", "method"))
    )


def density() -> Drawing:
    """The density of a matrix's eigenvalues, its tail, the Marchenko-Pastur law and its edge."""
    keep = "datum.matrix === matrix"
    x = alt.X(
        "eigenvalue:Q",
        scale=alt.Scale(type="log", nice=False, padding=10),
        title="eigenvalue of WᵀW",
        axis=alt.Axis(tickCount=8, format="~g"),
    )
    axis = alt.Axis(format="~g", tickCount=6)
    y = alt.Y("density:Q", scale=alt.Scale(type="log", nice=False), title="density", axis=axis)
    bins = named("densities").transform_filter(keep)
    points = bins.mark_point(filled=True, size=45).encode(
        x=x,
        y=y,
        tooltip=[*words("subject", "matrix"), number("eigenvalue"), number("density")],
        **marked("subject"),
    )
    law = (
        bins.transform_filter("datum.law > 0 && datum.subject === 'dense'")
        .mark_line(strokeDash=[2, 2], color="#888")
        .encode(x=x, y=alt.Y("law:Q"), order="eigenvalue:Q")
    )
    tails = named("fits").transform_filter(keep)
    told = [*words("subject", "matrix"), number("alpha"), number("start"), number("edge")]
    tail = tails.mark_line(strokeWidth=2.5).encode(
        x=x,
        y=y,
        color=colour("subject"),
        tooltip=[*told, number("fullest", "bins as full as the peak")],
    )
    own = tails.transform_filter("datum.subject === 'dense'")
    start = own.mark_rule(strokeDash=[6, 3]).encode(
        x=alt.X("mean(start):Q"), tooltip=[alt.Tooltip("mean(start):Q", title="the tail's start")]
    )
    edge = own.mark_rule(strokeDash=[2, 2], color="#888").encode(
        x=alt.X("mean(edge):Q"),
        tooltip=[alt.Tooltip("mean(edge):Q", title="edge of the Marchenko-Pastur law")],
    )
    return (
        alt.layer(law, edge, start, points, tail)
        .properties(width=560, height=320)
        .add_params(choice("matrix", "matrix"))
    )


def metric_by_depth() -> Drawing:
    """A metric over the blocks, a line per projection."""
    base = named("metrics").transform_filter("datum.metric === metric && isValid(datum.value)")
    y = alt.Y("value:Q", scale=alt.Scale(zero=False), title=None)
    lines = base.mark_line().encode(x=BLOCK, y=y, color=colour("projection"))
    points = base.mark_point(filled=True, size=40).encode(
        x=BLOCK,
        y=y,
        tooltip=[*words("metric", "block", "projection"), number("value", form=".6~g")],
        **marked("projection"),
    )
    return (
        alt.layer(lines, points)
        .properties(width=560, height=280)
        .add_params(choice("metric", "metric"))
    )
