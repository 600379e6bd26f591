import itertools
import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heavytail.diagnostics import correlations as corr

# Few different values, so that ties are the rule.
PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=25)
pytestmark = pytest.mark.filterwarnings("error")


def ranks(values):
    return [
        sum(v < value for v in values) + sum(v == value for v in values) / 2 for value in values
    ]


def naive_spearman(xs, ys):
    (a, b), half = (ranks(xs), ranks(ys)), len(xs) / 2
    products = [
        sum((u - half) * (v - half) for u, v in zip(*pair, strict=True))
        for pair in ((a, b), (a, a), (b, b))
    ]
    return products[0] / math.sqrt(products[1] * products[2])


def naive_kendall(xs, ys):
    def sign(number):
        return (number > 0) - (number < 0)

    pairs = [
        (sign(x1 - x2), sign(y1 - y2))
        for (x1, y1), (x2, y2) in itertools.combinations(zip(xs, ys, strict=True), 2)
    ]
    untied = [sum(pair[side] != 0 for pair in pairs) for side in (0, 1)]
    return sum(x * y for x, y in pairs) / math.sqrt(untied[0] * untied[1])


def frame(model, xs, perplexities, method="wanda", allocation="gt", sparsity=0.7, seed=0):
    keys = {"model": model, "method": method, "sparsity": sparsity, "allocation": allocation}
    numbers = {"perplexity": perplexities, "zero_shot_mean": None, "alpha": xs}
    return pd.DataFrame(keys | {"seed": seed} | numbers)


def join(*frames):
    return pd.concat(frames, ignore_index=True)


def dense(model, x, perplexity):
    return frame(model, [x], [perplexity], "dense", None, None, None)


def only(table):
    assert len(table) == 1
    return table.iloc[0]


def test_averages_leave_out_nan_and_count_it():
    values = [("b", 1.0), ("a", math.nan), ("b", 4.0), ("a", math.nan), ("b", math.nan), ("a", 2.0)]
    tidy = pd.DataFrame([*values, ("c", math.nan)], columns=["metric", "value"])
    found = corr.model_averages(tidy.assign(block=0, projection="q"))
    assert found.index.tolist() == ["b", "a", "c"]
    assert found["mean"].tolist()[:2] == [2.5, 2.0] and math.isnan(found.loc["c", "mean"])
    assert found["matrices"].tolist() == [3, 3, 1] and found["nan"].tolist() == [1, 2, 1]


@given(PAIRS)
def test_both_coefficients_are_those_of_the_naive_definitions(pairs):
    xs, ys = zip(*pairs, strict=True)
    found = only(corr.correlations(frame("m", xs, ys), ["alpha"], "perplexity"))
    assert (found["slice"], found["n"], found["dropped"]) == ("all", len(pairs), 0)
    if len(set(xs)) == 1 or len(set(ys)) == 1:
        assert found[corr.NUMBERS].isna().all()
        return
    assert found["spearman"] == pytest.approx(naive_spearman(xs, ys), abs=1e-9)
    assert found["kendall"] == pytest.approx(naive_kendall(xs, ys), abs=1e-9)
    assert 0 <= found["spearman_p"] <= 1 and 0 <= found["kendall_p"] <= 1


def test_p_values_fall_with_the_strength_of_the_order():
    strong, weak = (
        only(corr.correlations(frame("m", range(8), ys), ["alpha"], "perplexity"))
        for ys in ([1, 2, 3, 4, 5, 6, 8, 7], [4, 7, 1, 6, 3, 8, 2, 5])
    )
    assert strong["spearman_p"] < 0.01 < 0.5 < weak["spearman_p"]
    assert strong["kendall_p"] < 0.01 < 0.5 < weak["kendall_p"]


def test_a_perplexity_or_metric_that_is_not_finite_is_dropped_and_counted():
    xs = [1.0, 2.0, 3.0, 4.0, 5.0, math.nan, math.inf]
    points = frame("m", xs, [1.0, math.inf, 2.0, math.nan, 3.0, 0.0, 0.0])
    found = only(corr.correlations(points, ["alpha"], "perplexity"))
    assert (found["n"], found["dropped"], found["spearman"]) == (3, 4, pytest.approx(1))


@pytest.mark.parametrize(
    ("xs", "ys", "n"),
    [
        ([1, 2], [3, 4], 2),
        ([1, 2, 3], [3, 4, math.nan], 2),
        ([2, 2, 2], [1, 2, 3], 3),
        ([1, 2, 3], [5, 5, 5], 3),
        ([1, 2, 2, 2], [math.inf, 1, 2, 3], 3),
        ([], [], 0),
    ],
)
def test_too_few_or_constant_points_have_no_correlation(xs, ys, n):
    found = only(corr.correlations(frame("m", xs, ys), ["alpha"], "perplexity"))
    assert found["n"] == n and found[corr.NUMBERS].isna().all()


def test_a_quality_that_nobody_measured_is_nan():
    points = frame("m", [1, 2, 3], [1, 2, 3])
    found = only(corr.correlations(points, ["alpha"], "zero_shot_mean"))
    assert (found["n"], found["dropped"]) == (0, 3) and math.isnan(found["kendall"])


def test_slices_are_labelled_and_hold_their_own_points_only():
    points = join(
        frame("m", [1, 2, 3], [1, 2, 3], "wanda", "gt"),
        frame("m", [1, 2, 3, 4], [4, 3, 2, 1], "magnitude", "gt"),
        dense("m", 1, 5),
    )
    points["entropy"] = -points["alpha"]
    found = corr.correlations(points, ["alpha", "entropy"], "perplexity", ["method", "allocation"])
    assert found.columns.tolist() == corr.COLUMNS
    labels = ["method=wanda, allocation=gt", "method=magnitude, allocation=gt"]
    assert found["slice"].tolist()[::2] == [*labels, "method=dense, allocation=none"]
    assert found["n"].tolist() == [3, 3, 4, 4, 1, 1]
    assert found["spearman"].tolist()[:4] == pytest.approx([1, -1, -1, 1])
    by_sparsity = corr.correlations(points, ["alpha"], "perplexity", ["sparsity"])
    assert by_sparsity["slice"].tolist() == ["sparsity=0.7", "sparsity=none"]


def test_a_missing_column_is_an_error():
    points = frame("m", [1, 2, 3], [1, 2, 3])
    for metric, quality, by in (
        ("x", "perplexity", None),
        ("alpha", "x", None),
        ("alpha", "x", "x"),
    ):
        with pytest.raises(KeyError):
            corr.correlations(points, [metric], quality, by and [by])


def shifted(slopes, shift, size=5):
    """Models side by side: each with its slope inside, `shift` × its number between them."""
    steps = range(size)
    return join(
        *(
            frame(f"m{m}", [100 * m + i for i in steps], [1000 * shift * m + s * i for i in steps])
            for m, s in enumerate(slopes)
        )
    )


def paradox(points):
    return only(corr.simpsons_paradox(points, ["alpha"], "perplexity", ["model"]))


def test_positive_in_every_model_and_negative_in_the_pool_is_a_reversal():
    found = paradox(shifted([1, 1, 1], shift=-1))
    assert found["pooled"] < -0.5 and found["within"] == pytest.approx(1)
    assert (found["slices"], found["positive"], found["negative"]) == (3, 3, 0)
    assert found["reversed"]
    assert found["rhos"] == "model=m0 1.00, model=m1 1.00, model=m2 1.00"


def test_the_mirror_image_is_a_reversal_too():
    found = paradox(shifted([-1, -1, -1], shift=1))
    assert found["pooled"] > 0.5 and found["negative"] == 3 and found["reversed"]


def test_an_honest_positive_correlation_is_no_reversal():
    found = paradox(shifted([1, 1, 1], shift=1))
    assert found["pooled"] == pytest.approx(1) and found["positive"] == 3
    assert not found["reversed"]


def test_half_of_the_slices_is_no_majority():
    # The larger slices pull the mean to the other side; two of four do not make a majority.
    large, small = shifted([1, 1], -1, size=9), shifted([-1, -1], -1, size=3)
    small = small.assign(model=small["model"] + "s", alpha=small["alpha"] + 0.5)
    found = paradox(join(large, small))
    assert found["pooled"] < -0.1 and found["within"] == pytest.approx((18 - 6) / 24)
    assert (found["positive"], found["negative"]) == (2, 2) and not found["reversed"]


def test_a_majority_without_the_weight_is_no_reversal():
    points = join(shifted([-1], -1, size=20), shifted([1, 1], -1, size=3).replace("m0", "m2"))
    found = paradox(points)
    assert (found["positive"], found["negative"]) == (2, 1) and found["within"] < -0.1
    assert found["pooled"] < -0.1 and not found["reversed"]
    opposite = paradox(points.assign(alpha=-points["alpha"]))
    assert opposite["pooled"] > 0.1 and not opposite["reversed"]


def test_a_correlation_near_zero_has_no_sign():
    ys = [3, 8, 1, 6, 5, 4, 2, 7]
    assert 0 < naive_spearman(range(8), ys) < 0.1
    flat = join(*(frame(model, range(8), ys) for model in "ab"))
    found = paradox(flat)
    assert (found["slices"], found["positive"], found["negative"]) == (2, 0, 0)
    assert not found["reversed"]
    below = join(frame("a", range(8), ys), frame("b", range(100, 108), [y - 100 for y in ys]))
    found = paradox(below)
    assert found["pooled"] < -0.5 and found["within"] > 0 and not found["reversed"]
    weak = join(frame("a", range(4), range(4)), frame("b", range(4, 8), [-1.5, -0.5, 0.5, 1.5]))
    found = paradox(weak)
    assert -0.1 < found["pooled"] < 0 and found["positive"] == 2 and not found["reversed"]


def test_one_slice_is_no_paradox_and_small_or_constant_ones_do_not_count():
    points = join(
        frame("a", [1, 2, 3], [11, 12, 13]),
        frame("b", [10, 11], [5, 6]),
        frame("c", [20, 20, 20], [1, 2, 3]),
    )
    found = paradox(points)
    assert found["pooled"] < -0.1 and found["within"] == pytest.approx(1)
    assert (found["slices"], found["rhos"]) == (1, "model=a 1.00") and not found["reversed"]
    found = paradox(frame("a", [1, 2], [1, 2]))
    assert math.isnan(found["pooled"]) and math.isnan(found["within"]) and not found["reversed"]


def test_every_key_is_used_alone():
    points = shifted([1, 1, 1], shift=-1)
    keys = ["model", "method"]
    found = corr.simpsons_paradox(points, ["alpha"], "perplexity", keys).set_index("key")
    assert found.index.tolist() == keys
    assert found["reversed"].tolist() == [True, False] and found["slices"].tolist() == [3, 1]


def test_dense_metrics_predict_the_mean_of_a_cell_s_seeds():
    points = join(
        *(dense(model, x, ppl) for model, x, ppl in zip("abc", (1, 2, 3), (9, 8, 7), strict=True)),
        # The pruned weights' own metric says the opposite: it must not be read.
        *(
            frame(model, [x], [ppl], seed=seed)
            for seed, ppls in enumerate(([0, 3, 2], [1, 3, 9]))
            for model, x, ppl in zip("abc", (3, 2, 1), ppls, strict=True)
        ),
        *(
            frame(model, [0], [ppl], "magnitude", "uniform", 0.5)
            for model, ppl in zip("abc", (1, math.inf, 2), strict=True)
        ),
    )
    found = corr.dense_to_pruned(points, ["alpha"], "perplexity")
    assert found.columns.tolist() == corr.COLUMNS
    assert found["slice"].tolist() == ["dense", "wanda gt 0.7", "magnitude uniform 0.5"]
    assert found["n"].tolist() == [3, 3, 2] and found["dropped"].tolist() == [0, 0, 1]
    assert found["spearman"].tolist()[:2] == pytest.approx([-1, 1])
    assert math.isnan(found.loc[2, "spearman"])
    unmeasured = corr.dense_to_pruned(points, ["alpha"], "zero_shot_mean")
    assert unmeasured["n"].tolist() == [0, 0, 0]


def test_a_seed_without_quality_and_a_model_without_dense_row_are_dropped():
    points = join(
        *(dense(model, x, x) for x, model in enumerate("abcd")),
        *(frame(model, [0], [x]) for x, model in enumerate("abcde")),
        frame("d", [0], [math.nan], seed=1),
    )
    found = corr.dense_to_pruned(points, ["alpha"], "perplexity").iloc[1]
    assert (found["n"], found["dropped"]) == (3, 2)


def test_two_dense_rows_of_a_model_are_an_error():
    points = join(dense("a", 1, 1), dense("a", 2, 2), frame("a", [1], [1]))
    with pytest.raises(ValueError, match="many-to-one"):
        corr.dense_to_pruned(points, ["alpha"], "perplexity")
