"""FARMS with 10 × 10 windows: the tail of their mean density (arXiv 2506.06280)."""

from heavytail.metrics.tails import alpha_peak
from heavytail.spectra.spectrum import Spectrum, above_rounding
from heavytail.spectra.windows import SIDE


def compute(spectrum: Spectrum) -> dict[str, float]:
    """farms_10: AlphaPruning's exponent of the pooled eigenvalues, as FARMS' repository fits it."""
    assert spectrum.windows_10 is not None, "this family's row reads window_spectra_10"
    return {"farms_10": alpha_peak(above_rounding(spectrum.windows_10, SIDE))}
