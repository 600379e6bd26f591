"""Truncated power-law and exponential fits of a spectrum's tail, with the package powerlaw."""

import logging
import warnings

import numpy as np
import powerlaw

from heavytail.metrics.tails import full_search
from heavytail.spectra.spectrum import Spectrum

log = logging.getLogger(__name__)


def compute(spectrum: Spectrum) -> dict[str, float]:
    """E-TPL x^(−β) e^(−λx) and EXP e^(−λx), fitted to the tail that the search of alpha chose.

    The fits maximise the likelihood with β and λ not negative (arXiv 2202.02842, section 3). Rates
    λ are per unit of eigenvalue; distances are Kolmogorov-Smirnov distances. All are nan if no
    power-law tail can be fitted.
    """
    _alpha, _distance, start = full_search(spectrum.nonzero)
    if np.isnan(start):
        names = ("E_TPL_beta", "E_TPL_lambda", "E_TPL_ks", "EXP_lambda", "EXP_ks")
        return dict.fromkeys(names, float("nan"))
    # The bounds of the optimiser suit values near 1, so the tail is in units of its first value.
    tail = spectrum.nonzero[spectrum.nonzero >= start] / start
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        options = {"xmin": 1.0, "data": tail, "verbose": False}
        # The default bound of the package, β below 3, is lower than exponents of real matrices.
        truncated = powerlaw.Truncated_Power_Law(
            **options, parameter_ranges={"alpha": [0, None], "Lambda": [0, None]}
        )
        exponential = powerlaw.Exponential(**options)
    for warning in caught:
        log.info("powerlaw: %s", warning.message)
    return {
        "E_TPL_beta": float(truncated.alpha),
        "E_TPL_lambda": float(truncated.Lambda / start),
        "E_TPL_ks": float(truncated.D),
        "EXP_lambda": float(exponential.Lambda / start),
        "EXP_ks": float(exponential.D),
    }
