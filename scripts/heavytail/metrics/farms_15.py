"""FARMS with 15 × 15 windows: the tail of their mean density (arXiv 2506.06280)."""

from heavytail.metrics.tails import alpha_peak
from heavytail.spectra.spectrum import Spectrum, above_rounding
from heavytail.spectra.windows import SIDE


def compute(spectrum: Spectrum) -> dict[str, float]:
    """farms_15: AlphaPruning's exponent of the pooled eigenvalues, as FARMS' repository fits it."""
    assert spectrum.windows_15 is not None, "this family's row reads window_spectra_15"
    return {"farms_15": alpha_peak(above_rounding(spectrum.windows_15, SIDE))}
