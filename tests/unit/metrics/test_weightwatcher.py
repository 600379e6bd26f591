"""WeightWatcher itself on the stand-in, beside our metrics."""

import pytest
import torch
from transformers import AutoModelForCausalLM

from heavytail.metrics import shape, tails
from heavytail.models.checkpoint import Checkpoint
from heavytail.spectra.block_weights import BlockWeights
from heavytail.spectra.measures import spectra
from heavytail.spectra.spectrum import Spectrum
from support.project import ROOT

STANDIN = ROOT / "resources/standin"
# WeightWatcher's name → ours; it divides the entropy by the logarithm of the rank.
NAMES = {
    **{name: name for name in ("alpha", "alpha_weighted", "log_alpha_norm", "stable_rank")},
    **{name: name for name in ("log_norm", "log_spectral_norm")},
    "D": "alpha_ks",
    "entropy": "entropy_normalised",
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
