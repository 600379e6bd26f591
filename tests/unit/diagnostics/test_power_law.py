import math

import numpy as np
import pytest
import torch

from heavytail.diagnostics.lanczos import lanczos
from heavytail.diagnostics.power_law import RELATIVE_RESIDUAL, power_law
from heavytail.io.files import write_json
from write_hessian import write_hessian


@pytest.mark.parametrize("s", [0.5, 1.0, 2.0])
def test_the_exponent_of_an_exact_power_law(s):
    count = 200
    found = power_law(3.0 * np.arange(1, count + 1) ** -s)
    assert found["s_fit"] == pytest.approx(s) and found["r_squared"] == pytest.approx(1.0)
    # Σ ln(λ_i/λ_K) = s (K ln K − ln K!): on ranks the estimate of s is low by ln(2πK)/2K.
    estimate = s * (math.log(count) - math.lgamma(count + 1) / count)
    assert found["s"] == pytest.approx(estimate) and found["s"] == pytest.approx(s, rel=0.02)
    assert found["beta"] == pytest.approx(1 + 1 / found["s"])
    assert found["critical"] == pytest.approx(1.36 / math.sqrt(200))
    assert found["power_law"] is True and found["eigenvalues"] == 200


def naive_distance(values: list[float], beta: float) -> float:
    """The largest gap between the law and the empirical distribution, before and at each step."""
    ascending, gaps = sorted(values), []
    for number, value in enumerate(ascending):
        law = 1 - (value / ascending[0]) ** (1 - beta)
        gaps += [abs(law - number / len(values)), abs(law - (number + 1) / len(values))]
    return max(gaps)


@pytest.mark.parametrize("beta", [1.7, 2.0, 3.0])
def test_a_pareto_sample_of_known_exponent_is_found(beta):
    count = 2000
    uniform = np.random.default_rng(0).random(count)
    values = np.sort((1 - uniform) ** (-1 / (beta - 1)))[::-1]
    found = power_law(values)
    # Standard error of the maximum-likelihood exponent: (β − 1)/√K; four of them.
    assert found["beta"] == pytest.approx(beta, abs=4 * (beta - 1) / math.sqrt(count))
    assert found["ks"] == pytest.approx(naive_distance(values.tolist(), found["beta"]))
    assert found["ks"] < found["critical"] and found["power_law"] is True


@pytest.mark.parametrize(
    "values",
    [
        np.exp(-0.1 * np.arange(200)),
        np.sort(np.random.default_rng(0).exponential(size=200))[::-1],
        np.linspace(10.0, 9.0, 200),
    ],
    ids=["geometric", "exponential sample", "linear"],
)
def test_other_spectra_are_no_power_law(values):
    found = power_law(values)
    assert found["ks"] == pytest.approx(naive_distance(values.tolist(), found["beta"]))
    assert found["ks"] > found["critical"] and found["power_law"] is False


def test_the_regression_is_that_of_the_logarithms():
    logs, ranks = np.random.default_rng(0).normal(size=30), np.log(np.arange(1, 31))
    logs = np.sort(logs)[::-1]
    slope, level = np.polyfit(ranks, logs, 1)
    found = power_law(np.exp(logs))
    assert found["s_fit"] == pytest.approx(-slope)
    unexplained = np.var(logs - slope * ranks - level) / np.var(logs)
    assert found["r_squared"] == pytest.approx(1 - unexplained) and unexplained > 0.01


def test_values_that_are_not_positive_are_dropped():
    values = np.arange(1, 21) ** -1.0
    assert power_law(np.append(values, [0.0, -3.0])) == power_law(values)


@pytest.mark.parametrize("values", [[], [2.0], [3.0, 3.0, 3.0], [1.0, 0.0, -1.0]])
def test_too_few_different_values_have_no_exponent(values):
    found = power_law(np.array(values))
    assert found.pop("power_law") is False
    assert found.pop("eigenvalues") == sum(value > 0 for value in values)
    assert len(found) == 6 and all(map(math.isnan, found.values()))


@pytest.mark.parametrize("s", [0.5, 1.5])
def test_a_power_law_is_still_one_after_lanczos(s):
    """The smallest eigenvalues decide the exponent: they must have converged as well."""
    values = torch.arange(1, 2001).double() ** -s
    directions = torch.linalg.qr(
        torch.randn(2000, 2000, generator=torch.Generator().manual_seed(0))
    )
    matrix = ((directions.Q.double() * values) @ directions.Q.double().T).float()
    found, residuals = lanczos(lambda v: matrix @ v, 2000, 50, 200, 0, torch.device("cpu"))
    assert (residuals <= RELATIVE_RESIDUAL * found).all()
    exact = power_law(values[:50].numpy())
    # Every eigenvalue is within 1 %, so their logarithms are within 0.01.
    assert power_law(found)["s"] == pytest.approx(exact["s"], abs=0.01)
    assert power_law(found)["power_law"]


RECORD = {
    "tokens": {"windows": [8, 256]},
    "inputs": [{"block": 0, "projections": ["o_proj"], "eigenvalues": [4.0, 2.0, 1.0]}],
    "random_inputs": [{"block": 0, "projections": ["o_proj"], "eigenvalues": [8.0, 2.0, 1.0]}],
    "trained": {"eigenvalues": [9.0, 4.0, 2.0, 1.0], "residuals": [1e-3, 1e-3, 1e-3, 0.5]},
    "random": {"eigenvalues": None, "reason": "hessian.eigenvalues: too large"},
}


@pytest.mark.parametrize("missing", [("random",), ("trained", "random")])
def test_the_page_says_which_spectrum_is_missing_and_fits_what_converged(tmp_path, missing):
    record = RECORD | dict.fromkeys(missing, RECORD["random"])
    write_json(tmp_path / "record.json", record)
    write_hessian("m", tmp_path / "record.json", tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text()
    assert page.count("hessian.eigenvalues: too large") == len(missing)
    if "trained" not in missing:
        row = next(line for line in page.splitlines() if line.startswith("| trained"))
        assert row.split("|")[-3].strip() == "3", "the fourth eigenvalue had not converged"
