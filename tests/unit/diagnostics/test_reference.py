import numpy as np
import pandas as pd
import pytest

from heavytail.config.reference import read_reference
from heavytail.diagnostics.reference import COLUMNS, compared, per_block, reference_vectors
from heavytail.diagnostics.reference_numbers import diagnostics
from heavytail.metrics import marchenko_pastur, shape
from heavytail.projections import ATTENTION, MLP, PROJECTIONS
from heavytail.spectra.spectrum import Spectrum
from support.project import ROOT

BLOCKS = 3
REFERENCE = diagnostics(read_reference(ROOT / "resources/reference/results.csv"))


# All, and what GPT-NeoX and OPT have.
@pytest.fixture(
    scope="module",
    params=[PROJECTIONS, (*ATTENTION, "up_proj", "down_proj")],
    ids=["gated", "without a gate"],
)
def model(request):
    """Spectra, products and metrics of random matrices."""
    rng = np.random.default_rng(0)
    spectra = {
        f"{b}.{p}": np.sort(rng.lognormal(size=8)) for b in range(BLOCKS) for p in request.param
    }
    rows = []
    for key, values in spectra.items():
        block, projection = key.split(".")
        own = Spectrum(8, 8, values)
        for name, value in (shape.compute(own) | marchenko_pastur.compute(own)).items():
            rows.append((int(block), projection, name, value))
    metrics = pd.DataFrame(rows, columns=["block", "projection", "metric", "value"])
    products = {f"{block}.qk": np.sort(rng.lognormal(size=8)) for block in range(BLOCKS)}
    return spectra, products, metrics


def value(table: pd.DataFrame, quantity: str, of: str, candidate: str, block: int) -> float:
    key = (table["quantity"] == quantity) & (table["of"] == of) & (table["block"] == block)
    return table[key & (table["candidate"] == candidate)]["value"].item()


def test_candidates_equal_their_definitions(model):
    spectra, products, _ = model
    table = per_block(*model)
    own = {p: spectra[f"1.{p}"] for p in PROJECTIONS if f"1.{p}" in spectra}
    p = products["1.qk"] / products["1.qk"].sum()
    assert value(table, "qk_entropy", "qk", "nats", 1) == pytest.approx(-(p * np.log(p)).sum())
    variances = {name: np.mean((v - v.mean()) ** 2) for name, v in own.items()}
    attention = sum(variances[name] for name in ATTENTION) / 4
    mlps = [variances[name] for name in MLP if name in own]
    mlp = sum(mlps) / len(mlps)
    assert value(table, "mean_variance", "Attention", "raw", 1) == pytest.approx(attention)
    assert value(table, "mean_variance", "MLP", "raw", 1) == pytest.approx(mlp)
    both = value(table, "mean_variance", "Attention+MLP", "raw", 1)
    assert both == pytest.approx((4 * attention + sum(mlps)) / (4 + len(mlps)))
    pooled = np.concatenate(
        [own["q_proj"] / own["q_proj"].mean(), own["o_proj"] / own["o_proj"].mean()]
    )
    expected = (pooled**2).mean() - pooled.mean() ** 2
    assert value(table, "variance", "Q+Output", "over mean", 1) == pytest.approx(expected)
    scaled = value(table, "mp_error", "q_proj", "mp_wasserstein1", 1)
    raw = value(table, "mp_error", "q_proj", "mp_wasserstein1 raw", 1)
    assert raw == pytest.approx(scaled * own["q_proj"].mean())


def test_every_projection_that_there_is_has_its_rows_and_no_other(model):
    spectra, *_ = model
    owned = {key.split(".")[1] for key in spectra}
    table = per_block(*model).set_index("quantity")
    assert set(table.loc["matrix_variance", "of"]) == owned
    assert set(table.loc["mp_error", "of"]) == {"q_proj", "gate_proj"} & owned
    assert table["value"].notna().all()


def test_a_candidate_that_made_the_reference_is_found_and_no_other(model):
    table = per_block(*model)
    chosen = table[(table["of"] == "QKV+Output") & (table["candidate"] == "over mean")]
    reference = {
        ("variance", "QKV+Output", "m"): tuple(chosen["value"].round(6)),
        ("mean_variance", "MLP", "m"): tuple(
            3.0 * table[(table["of"] == "MLP") & (table["candidate"] == "raw")]["value"]
        ),
        ("mp_error", "q_proj", "m"): (1.0, 2.0, 3.0, 4.0),
        ("v_entropy", "v_proj", "m"): (
            float(table[table["quantity"] == "v_entropy"]["value"].mean()),
        ),
    }
    found = compared(table, reference).set_index(["of", "candidate"])["verdict"]
    assert found["QKV+Output", "over mean"] == "matches"
    assert set(found["QKV+Output"].drop("over mean")) == {"differs"}
    assert found["MLP", "raw"] == "proportional"
    assert found["v_proj", "nats"] == "matches"
    assert set(found["q_proj"]) == {"3 blocks, the reference has 4"}


def test_vectors_of_the_same_length_stand_beside_ours():
    vectors = reference_vectors(REFERENCE, 32)
    assert list(vectors.columns) == COLUMNS and set(vectors["candidate"]) == {"reference"}
    assert len(vectors) == 7 * 32 and reference_vectors(REFERENCE, 8).empty


def test_the_reference_means_are_consistent_with_their_own_definition():
    """The mean over seven matrices is that over four and that over three, weighted."""
    four, three, seven = (
        np.array(REFERENCE["mean_variance", of, "unknown-32L"])
        for of in ("Attention", "MLP", "Attention+MLP")
    )
    # Eight printed digits; differences of the last one.
    assert seven == pytest.approx((4 * four + 3 * three) / 7, rel=1e-6)


def test_the_reference_results_are_read_with_all_their_digits():
    assert REFERENCE["v_entropy", "v_proj", "llama-2-7b"] == (7.6507,)
    assert REFERENCE["variance", "Q+Output", "unknown-32L"][:2] == (6.8022594, 1.7505128)
    assert {len(values) for values in REFERENCE.values()} == {1, 32} and len(REFERENCE) == 6 + 7
