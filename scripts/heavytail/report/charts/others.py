"""Charts of diagnostics and of cost."""

import altair as alt

from heavytail.report.chart import Drawing, choice, colour, marked, named, number, words

SLICES = ("method", "allocation", "sparsity", "model")


def correlation() -> Drawing:
    """A metric's model average against a quality, with the slope within each slice and over all."""
    base = (
        named("averages")
        .transform_calculate(
            x="datum[averaged]", y="datum[against_quality]", slice="datum[sliced] || 'dense'"
        )
        .transform_filter("isValid(datum.x) && isValid(datum.y)")
    )
    x = alt.X("x:Q", scale=alt.Scale(zero=False), title="mean of the metric over all matrices")
    y = alt.Y("y:Q", scale=alt.Scale(zero=False), title="quality")
    points = base.mark_point(filled=True, size=60).encode(
        x=x,
        y=y,
        **marked("slice"),
        tooltip=[
            *words("model", "method", "sparsity", "allocation", "seed"),
            number("x", "metric", ".6~g"),
            number("y", "quality", ".6~g"),
        ],
    )
    within = (
        base.transform_joinaggregate(points="count()", groupby=["slice"])
        # Through two points there is always a line.
        .transform_filter("datum.points > 2")
        .transform_regression("x", "y", groupby=["slice"])
        .mark_line(strokeWidth=1.5)
        .encode(x=x, y=y, color=colour("slice"))
    )
    pooled = (
        base.transform_regression("x", "y")
        .mark_line(color="#888", strokeDash=[5, 4])
        .encode(x=x, y=y)
    )
    return (
        alt.layer(pooled, within, points)
        .properties(width=520, height=320)
        .add_params(
            choice("averaged", "metric"),
            choice("against_quality", "quality", "perplexity", "zero_shot_mean"),
            choice("sliced", "slices by", *SLICES),
        )
    )


def low_rank() -> Drawing:
    """A number of attention's products per head, over the blocks."""
    numbers = ("effective_rank", "energy_rank_90", "nuclear_share", "imbalance")
    return (
        alt.Chart()
        .transform_calculate(shown="datum[of_head]")
        .mark_point(filled=True, size=40)
        .encode(
            x=alt.X("block:Q", axis=alt.Axis(format="d", tickMinStep=1), title="block"),
            y=alt.Y("shown:Q", scale=alt.Scale(zero=False), title=None),
            color=alt.Color("head:N", legend=None),
            tooltip=[*words("product", "block", "head"), number("shown", "value")],
        )
        .properties(width=280, height=240)
        .facet(column=alt.Column("product:N", title=None), data=alt.NamedData(name="heads"))
        .add_params(choice("of_head", "number", *numbers))
    )


def hessian() -> Drawing:
    """The largest eigenvalues of a Hessian by their rank, trained and at random initialisation."""
    scale = alt.Scale(type="log")
    base = named("hessians").transform_filter("datum.of === hessian_of && datum.eigenvalue > 0")
    encoded = base.encode(
        x=alt.X("rank:Q", scale=scale, title="rank"),
        y=alt.Y("eigenvalue:Q", scale=scale, title="eigenvalue", axis=alt.Axis(format="~g")),
        **marked("weights", beside_lines=False),
        tooltip=[*words("of", "weights"), number("rank", form="d"), number("eigenvalue")],
    )
    return (
        encoded.mark_point(filled=True, size=45)
        .properties(width=480, height=300)
        .add_params(choice("hessian_of", "Hessian of"))
    )


def rule_cost() -> Drawing:
    """The time that all jobs of a rule take together."""
    return (
        named("rules")
        .mark_bar()
        .encode(
            x=alt.X("again:Q", title="seconds, all jobs together"),
            y=alt.Y("rule:N", sort="-x", title=None),
            tooltip=[
                *words("rule"),
                number("jobs", form=","),
                number("restored", "of them restored", ","),
                number("again", "seconds together", ",.1f"),
                number("mean", "seconds of a job", ",.1f"),
                number("memory", "most memory, MB", ",.0f"),
            ],
        )
        .properties(width=480, height=alt.Step(18))
    )


def cell_cost() -> Drawing:
    """Seconds and memory of the jobs of each cell, a panel per rule."""
    return (
        alt.Chart()
        .mark_point(filled=True, size=55)
        .encode(
            x=alt.X("seconds:Q", title="seconds"),
            y=alt.Y("memory:Q", title="peak memory, MB", scale=alt.Scale(zero=False)),
            **marked("method", beside_lines=False),
            tooltip=[
                *words("rule", "model", "method", "sparsity", "allocation", "seed"),
                number("seconds", form=".2f"),
                number("memory", "peak memory, MB", ".1f"),
            ],
        )
        .properties(width=240, height=220)
        .facet(
            facet=alt.Facet("rule:N", sort=None, title=None),
            columns=3,
            data=alt.NamedData(name="jobs"),
        )
        .resolve_scale(x="independent")
        .transform_filter("isValid(datum.memory)")
    )
