"""WeightWatcher itself on the stand-in, beside our metrics."""

import pytest
import torch
from transformers import AutoModelForCausalLM

from heavytail.metrics import marchenko_pastur, shape, tails
from heavytail.metrics import weightwatcher as weightwatcher_fit
from heavytail.models.checkpoint import Checkpoint
from heavytail.spectra.block_weights import BlockWeights
from heavytail.spectra.measures import spectra
from heavytail.spectra.spectrum import Spectrum
from support.project import ROOT

STANDIN = ROOT / "resources/standin"
# WeightWatcher's name → ours.
NAMES = {
    **{name: name for name in ("alpha", "alpha_weighted", "log_alpha_norm", "stable_rank")},
    **{name: name for name in ("log_norm", "log_spectral_norm")},
    "D": "alpha_ks",
    "entropy": "entropy",
}


@pytest.mark.slow  # WeightWatcher takes seconds to import
def test_weightwatcher_agrees_on_every_matrix_of_the_standin():
    import weightwatcher

    model = AutoModelForCausalLM.from_pretrained(STANDIN, dtype=torch.float32)
    theirs = weightwatcher.WeightWatcher(model=model.model.layers).analyze()
    assert len(theirs) == 8 * 7
    checkpoint = Checkpoint(STANDIN)
    for block in range(8):
        weights = BlockWeights(checkpoint, block, torch.device("cpu"))
        for projection, values in spectra.measure(weights).items():
            own = Spectrum(*weights.shape(projection), values.numpy())
            ours = tails.compute(own) | shape.compute(own)
            name = theirs["longname"].str.match(rf"{block}\..*\.{projection}$")
            peer = theirs[name].iloc[0]
            for their_name, our_name in NAMES.items():
                # It decomposes float32 weights in float64, as we do: only its entropy adds 1e-10.
                assert ours[our_name] == pytest.approx(peer[their_name], rel=1e-6), their_name


@pytest.mark.slow
@pytest.mark.parametrize("block", [0, 3, 5])
def test_its_fit_of_the_law_agrees_on_the_same_eigenvalues(block):
    """Rounding decides where a plateau of its density peaks: so both read our eigenvalues."""
    import weightwatcher

    weights = BlockWeights(Checkpoint(STANDIN), block, torch.device("cpu"))
    for projection, values in spectra.measure(weights).items():
        shape_ = weights.shape(projection)
        own, values = Spectrum(*shape_, values.numpy()), values.numpy()
        plots = ("", 0, 0, False, False, "", "", 0.5, True)
        sides = max(shape_), min(shape_), 1
        theirs = weightwatcher.WeightWatcher.mp_fit(None, values, *sides, *plots, values)
        ours, edge = weightwatcher_fit.compute(own), marchenko_pastur.compute(own)["mp_edge"]
        assert list(ours) == ["sigma_mp", "mp_softrank", "num_spikes"]
        assert [ours["num_spikes"], ours["sigma_mp"], ours["mp_softrank"]] == pytest.approx(
            theirs[:3], rel=1e-12
        )
        assert edge * ours["sigma_mp"] ** 2 == pytest.approx(ours["mp_softrank"], rel=1e-12)
