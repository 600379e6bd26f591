"""Weights that arrive on a GPU while it computes, and models in half precision there."""

from pathlib import Path

import pytest
import torch

from heavytail.evaluation.perplexity import negative_log_likelihoods
from heavytail.models.ahead import filled_ahead
from heavytail.models.device import brought
from heavytail.models.loading import load_model
from heavytail.models.streaming import StreamedModel
from support.pruned_cells import prune, windows
from support.tiny_model import save_model

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
CPU, GPU = torch.device("cpu"), torch.device("cuda")


def test_no_weight_is_read_before_it_is_there_nor_overwritten_before_it_was_read():
    """The GPU lags far behind its host, which never waits: its memory is used again at once."""
    side, items = 1024, 40
    sources = [torch.full((side, side), float(item)).pin_memory() for item in range(items)]
    slow = torch.randn(4 * side, 4 * side, device=GPU)

    def room(_item: int) -> dict[str, torch.Tensor]:
        return {"weight": torch.empty(side, side, device=GPU)}

    def fill(item: int, weights: dict[str, torch.Tensor]) -> None:
        weights["weight"].copy_(sources[item], non_blocking=True)

    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before, sums = torch.cuda.memory_allocated(), []
    for weights in filled_ahead(range(items), room, fill, GPU):
        for _ in range(20):
            slow = slow @ slow / slow.norm()
        sums.append(weights.pop("weight").double().sum())
    assert torch.stack(sums).tolist() == [side * side * float(item) for item in range(items)]
    # Two rooms, and what the computing itself takes: the product, its quotient and a double.
    most = 4 * side**2 * (2 + 16 * 3 + 2)
    assert torch.cuda.max_memory_allocated() - before <= 1.2 * most


def test_tensors_are_brought_whole():
    made = {name: torch.full((2**22,), value, device=GPU) for name, value in (("a", 1), ("b", 2))}
    slow = torch.randn(4096, 4096, device=GPU)
    for _ in range(20):
        slow = slow @ slow / slow.norm()
    made["c"] = slow.sum().expand(5).contiguous()
    arrived = brought(made)
    del made["a"]
    found = arrived()
    assert (found["a"] == 1).all() and (found["b"] == 2).all()
    assert found["c"][0].item() == slow.sum().item()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("method", [None, "wanda", "sparsegpt"])
def test_half_precision_is_that_of_the_whole_model(dtype, method, tmp_path, monkeypatch):
    monkeypatch.setattr("heavytail.models.device.pick", lambda: GPU)
    folder = save_model(tmp_path / "model")
    load_model(folder, CPU).to(dtype).save_pretrained(folder)
    cell = prune(folder, tmp_path / "work", method) if method else None
    found = negative_log_likelihoods(StreamedModel(folder, GPU, cell), windows())
    whole = load_model(folder, GPU, cell)
    assert whole.dtype == dtype
    with torch.no_grad():
        logs = whole(input_ids=windows().to(GPU)).logits[:, :-1].float().log_softmax(-1)
    expected = -logs.gather(-1, windows()[:, 1:, None].to(GPU)).double().mean((1, 2)).cpu()
    # The same kernels; only log Σ exp is summed by parts.
    assert torch.allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("method", ["magnitude", "wanda", "wanda_variant", "sparsegpt"])
def test_pruning_again_gives_the_same_bytes(method, tmp_path, monkeypatch):
    monkeypatch.setattr("heavytail.models.device.pick", lambda: GPU)
    folder = save_model(tmp_path / "model", hidden_size=256, intermediate_size=640, head_dim=64)
    load_model(folder, CPU).half().save_pretrained(folder)
    way = None if method == "magnitude" else "exact"
    paths = [prune(folder, tmp_path / name, method, way).path for name in "ab"]
    first, second = (Path(path).read_bytes() for path in paths)
    assert first == second
