import pytest
import torch
from safetensors.torch import load_file

from heavytail.io.parts import Parts, by_block


def counting(calls: list[int], fail_at: int | None = None):
    def measure(block: int) -> dict[str, torch.Tensor]:
        if block == fail_at:
            raise KeyboardInterrupt
        calls.append(block)
        return {"q_proj": torch.full((2,), float(block))}

    return measure


def test_a_killed_run_goes_on_where_it_was(tmp_path):
    calls: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        by_block(Parts(tmp_path / "out", "key"), 4, counting(calls, fail_at=2))
    parts = Parts(tmp_path / "out", "key")
    by_block(parts, 4, counting(calls))
    assert calls == [0, 1, 2, 3]
    parts.join(4, {"what": "numbers"})
    found = load_file(tmp_path / "out")
    assert [found[f"{block}.q_proj"][0].item() for block in range(4)] == [0, 1, 2, 3]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_other_weights_or_code_start_anew(tmp_path):
    calls: list[int] = []
    by_block(Parts(tmp_path / "out", "key"), 2, counting(calls))
    by_block(Parts(tmp_path / "out", "another"), 2, counting(calls))
    assert calls == [0, 1, 0, 1]
