"""Whether the largest eigenvalues of a Hessian decrease as a power of their rank."""

import math

import numpy as np

# An eigenvalue is fitted only if its residual is at most this share of it.
RELATIVE_RESIDUAL = 1e-2


def power_law(values: np.ndarray) -> dict[str, float]:
    """How well λ_k = λ_1 k^(−s), k = 1 … K, describes the top eigenvalues (arXiv 2201.13011).

    Values that are not positive are left out; K (`eigenvalues`) values remain. `beta` is the
    maximum-likelihood estimate 1 + K / Σ ln(λ_i/λ_K), and `s` is 1/(β − 1). `ks` is the
    Kolmogorov-Smirnov distance to that law above λ_K. `critical` is 1.36/√K, the 5 % level for a
    law that was not fitted to the values, so the test is lenient. `power_law` says whether
    ks ≤ critical. `s_fit` and `r_squared` are from least squares of ln λ_k on −ln k. If there are
    fewer than two different values, `power_law` is false and all numbers are nan.
    """
    values = np.sort(values[values > 0])[::-1]
    count, names = len(values), ("beta", "s", "ks", "critical", "s_fit", "r_squared")
    if count < 2 or values[0] == values[-1]:
        return dict.fromkeys(names, math.nan) | {"power_law": False, "eigenvalues": count}
    logs, ranks = np.log(values / values[-1]), np.arange(1, count + 1)  # both [K]
    s, critical = logs.mean(), 1.36 / math.sqrt(count)
    above = np.exp(-logs / s)  # the law's share of values above each
    ks = max((above - (ranks - 1) / count).max(), (ranks / count - above).max())
    moments = np.cov(-np.log(ranks), logs)
    s_fit, correlation = moments[0, 1] / moments[0, 0], np.corrcoef(-np.log(ranks), logs)[0, 1]
    numbers = map(float, (1 + 1 / s, s, ks, critical, s_fit, correlation**2))
    flags = {"power_law": bool(ks <= critical), "eigenvalues": count}
    return dict(zip(names, numbers, strict=True)) | flags
