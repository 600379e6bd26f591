import pytest
import torch

from heavytail.models.checkpoint import Checkpoint
from heavytail.spectra.block_weights import BlockWeights
from heavytail.spectra.measures import product_spectra, shuffled_spectra, spectra, submatrix_spectra


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("measure", [spectra, shuffled_spectra, submatrix_spectra, product_spectra])
def test_a_gpu_measures_what_the_cpu_does(model_folder, measure):
    checkpoint = Checkpoint(model_folder)
    found, expected = (
        measure.measure(BlockWeights(checkpoint, 0, torch.device(device)))
        for device in ("cuda", "cpu")
    )
    assert found.keys() == expected.keys()
    for name, values in found.items():
        assert values.device.type == "cpu" and values.dtype == torch.float64
        # float64 on both, summed in another order.
        assert torch.allclose(values, expected[name], rtol=1e-9, atol=1e-9 * values.max().item())
