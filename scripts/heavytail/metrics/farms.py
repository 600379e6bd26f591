"""FARMS: the tail of the mean density of submatrices of one aspect ratio (arXiv 2506.06280)."""

from heavytail.metrics.tails import alpha_mid
from heavytail.spectra.spectrum import Spectrum, above_rounding


def compute(spectrum: Spectrum) -> dict[str, float]:
    """farms_alpha: Hill's estimate on the pooled upper half, independent of W's aspect ratio."""
    assert spectrum.submatrices is not None, "this family's row reads submatrix_spectra"
    pooled = above_rounding(spectrum.submatrices, max(spectrum.rows, spectrum.columns))
    return {"farms_alpha": alpha_mid(pooled)}
