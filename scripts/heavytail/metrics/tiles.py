"""The tail of the mean density of square submatrices, which no longer knows W's aspect ratio."""

from heavytail.metrics.tails import alpha_mid
from heavytail.spectra.spectrum import Spectrum, above_rounding


def compute(spectrum: Spectrum) -> dict[str, float]:
    """alpha_mid_tiles: Hill's estimate on the pooled upper half."""
    assert spectrum.submatrices is not None, "this family's row reads submatrix_spectra"
    pooled = above_rounding(spectrum.submatrices, max(spectrum.rows, spectrum.columns))
    return {"alpha_mid_tiles": alpha_mid(pooled)}
