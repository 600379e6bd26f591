"""What a GPU does in another way than a CPU, beside float64 and beside the CPU."""

import pytest
import torch

from heavytail.pruning import artifact
from heavytail.pruning.methods import sparsegpt
from heavytail.pruning.recorded import Recorded
from heavytail.pruning.selection import smallest, smallest_in_units

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize(("tokens", "columns"), [(1, 8), (700, 300), (2048, 512)])
def test_hessians_are_those_of_float64(dtype, tokens, columns):
    generator = torch.Generator().manual_seed(tokens)
    statistic, exact = sparsegpt.Statistic(columns, GPU), torch.zeros(columns, columns).double()
    for _ in range(8):
        inputs = torch.randn(1, tokens, columns, generator=generator).to(dtype)
        # Some features are much larger than others.
        inputs *= torch.logspace(-2, 1, columns).to(dtype)
        statistic.add(inputs.to(GPU))
        exact += inputs[0].double().T @ inputs[0].double()
    assert statistic.tokens == 8 * tokens and statistic.total.dtype == torch.float32
    found = statistic.total.cpu().double().triu()
    scale = exact.diagonal().sqrt()
    worst = ((found - exact.triu()).abs() / torch.outer(scale, scale)).max().item()
    # float32's own rounding is 6e-8; tensor cores cut off, in sums of up to 512 tokens.
    assert worst < (3e-6 if dtype.itemsize == 2 else 1e-6)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("ties", [False, True])
def test_what_goes_is_what_the_cpu_says(ties, share):
    scores = torch.rand(37, 4096, generator=torch.Generator().manual_seed(1))
    scores = (8 * scores).floor() if ties else scores
    count = int(share * 4096)
    assert torch.equal(smallest(scores.to(GPU), count).cpu(), smallest(scores, count))
    for unit in (4, 4096, scores.numel()):
        found = smallest_in_units(scores.to(GPU), share, unit).cpu()
        assert torch.equal(found, smallest_in_units(scores, share, unit))


def test_a_recording_computes_what_it_recorded_bit_by_bit():
    generator = torch.Generator(GPU).manual_seed(0)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator, device=GPU)

    hessian = drawn(128, 400)
    factor = torch.linalg.cholesky(hessian @ hessian.T / 400).T.contiguous()
    examples = torch.zeros(128, 60, device=GPU), torch.zeros(128, 60, device=GPU).bool(), factor
    recorded = Recorded(sparsegpt._prune_group, *(example.clone() for example in examples))
    for _ in range(3):
        group, removed = drawn(128, 60), drawn(128, 60) > 0
        other = group.clone()
        errors = recorded(group, removed, factor)
        assert torch.equal(errors, sparsegpt._prune_group(other, removed, factor))
        assert torch.equal(group, other) and (group[removed] == 0).all()


@pytest.mark.parametrize("entries", [1, 8, 4099])
def test_masks_are_packed_as_on_the_cpu(entries):
    removed = torch.rand(entries, generator=torch.Generator().manual_seed(entries)) < 0.5
    values = torch.arange(entries).half()
    here, there = (artifact.encode(removed.to(p), values.to(p)) for p in (CPU, GPU))
    for name, stored in here.items():
        assert there[name].is_cuda and torch.equal(there[name].cpu(), stored)
    dense = torch.ones(entries, dtype=torch.float16)
    found = artifact.decode(dense.to(GPU), here)
    assert found.is_cuda and torch.equal(found.cpu(), artifact.decode(dense, here))
