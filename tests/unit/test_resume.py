import pytest
import torch

from heavytail.resume import by_block


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
        by_block(tmp_path / "work", "key", 4, counting(calls, fail_at=2))
    found = by_block(tmp_path / "work", "key", 4, counting(calls))
    assert calls == [0, 1, 2, 3]
    assert [found[f"{block}.q_proj"][0].item() for block in range(4)] == [0, 1, 2, 3]


def test_other_weights_or_code_start_anew(tmp_path):
    calls: list[int] = []
    by_block(tmp_path / "work", "key", 2, counting(calls))
    by_block(tmp_path / "work", "another", 2, counting(calls))
    assert calls == [0, 1, 0, 1]
