"""Scores of groupings and their maps, next to the formulas written out."""

import numpy as np
import pytest

from heavytail.allocation.allocators import spectral
from heavytail.projections import ATTENTION, MLP, PROJECTIONS

BLOCKS = 5
MATRICES = [(block, projection) for block in range(BLOCKS) for projection in PROJECTIONS]


SIZES = dict.fromkeys(MATRICES, 1)


def drawn(seed: int = 0) -> dict:
    values = np.random.default_rng(seed).uniform(1, 6, len(MATRICES))
    return dict(zip(MATRICES, values.tolist(), strict=True))


def settings(mapping: str, epsilon: float = 0.3, direction: int = 1) -> dict:
    return {"mapping": mapping, "epsilon": epsilon, "direction": direction}


def mapped(value: float, values: list[float], epsilon: float = 0.3) -> float:
    return 1 - epsilon + 2 * epsilon * (value - min(values)) / (max(values) - min(values))


def test_block_scores_are_plain_means_over_the_grouping():
    metric = {
        (b, p): b * 10 + v for b in range(2) for p, v in {"q_proj": 1.0, "k_proj": 3.0}.items()
    }
    sizes = dict.fromkeys(metric, 7)
    assert spectral.block_scores(metric, ("q_proj", "k_proj"), sizes).tolist() == [2.0, 12.0]
    assert spectral.block_scores(metric, ("k_proj",), sizes).tolist() == [3.0, 13.0]


def test_experts_count_as_their_projection_each_by_its_parameters():
    metric = {(0, "q_proj"): 5.0, (0, "up_proj.0"): 1.0, (0, "up_proj.1"): 2.0}
    metric |= {(0, "up_proj.shared"): 4.0}
    sizes = dict(zip(metric, (9, 10, 10, 20), strict=True))
    assert spectral.block_scores(metric, ("up_proj",), sizes).tolist() == [110 / 40]
    assert spectral.block_scores(metric, ("q_proj", "up_proj"), sizes)[0] == (5 + 110 / 40) / 2


def test_a_metric_that_is_not_finite_names_its_matrix():
    metric = {(0, "q_proj"): 1.0, (1, "q_proj"): float("nan")}
    with pytest.raises(ValueError, match=r"1\.q_proj"):
        spectral.block_scores(metric, ("q_proj",), dict.fromkeys(metric, 1))


def test_all_matrices_of_a_block_get_the_ratio_of_its_score():
    metric, chosen = drawn(), ("q_proj", "o_proj", "gate_proj")
    scores = [sum(metric[b, p] for p in chosen) / 3 for b in range(BLOCKS)]
    expected = [mapped(scores[block], scores) for block, _ in MATRICES]
    found = spectral.relative_ratios(metric, chosen, settings("block"), SIZES)
    assert np.allclose(found, expected, rtol=1e-13)


def test_matrices_are_mapped_one_by_one():
    metric = drawn(1)
    expected = [mapped(metric[matrix], list(metric.values())) for matrix in MATRICES]
    found = spectral.relative_ratios(metric, PROJECTIONS, settings("matrix"), SIZES)
    assert np.allclose(found, expected, rtol=1e-13)


def test_attention_and_mlp_are_mapped_each_by_its_own_part_of_the_grouping():
    metric, chosen = drawn(2), ("q_proj", "k_proj", "gate_proj")
    expected = {}
    for side in (ATTENTION, MLP):
        own = [p for p in chosen if p in side]
        scores = [sum(metric[b, p] for p in own) / len(own) for b in range(BLOCKS)]
        expected |= {(b, p): mapped(scores[b], scores) for b in range(BLOCKS) for p in side}
    found = spectral.relative_ratios(metric, chosen, settings("attention_mlp"), SIZES)
    assert np.allclose(found, [expected[matrix] for matrix in MATRICES], rtol=1e-13)


def test_a_metric_that_spares_what_is_large_turns_the_map_round():
    up, down = (
        spectral.relative_ratios(drawn(3), PROJECTIONS, settings("block", direction=d), SIZES)
        for d in (1, -1)
    )
    assert np.allclose(up + down, 2, rtol=1e-13)


def test_of_all_seven_those_that_blocks_have_guide_and_of_a_choice_none_may_lack():
    owned = set(PROJECTIONS) - {"gate_proj"}
    everything = tuple(p for p in PROJECTIONS if p in owned)
    assert spectral.guides(list(PROJECTIONS), owned) == everything
    assert spectral.guides(["q_proj", "o_proj"], owned) == ("q_proj", "o_proj")
    with pytest.raises(ValueError, match="grouping: found gate_proj, expected projections of"):
        spectral.guides(["q_proj", "gate_proj"], owned)
