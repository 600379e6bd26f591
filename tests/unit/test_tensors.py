import torch
from safetensors import safe_open

from heavytail.tensors import write_tensors


def test_equal_content_gives_equal_bytes_and_reads_back(tmp_path):
    tensors = {"b.mask": torch.arange(5, dtype=torch.uint8), "a": torch.randn(3, 2).half()}
    metadata = {name: f"{name}ü" for name in ("seed", "dataset", "revision", "length", "join")}
    write_tensors(tmp_path / "one", tensors, metadata)
    backwards = (dict(reversed(list(part.items()))) for part in (tensors, metadata))
    write_tensors(tmp_path / "two", *backwards)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with safe_open(tmp_path / "one", framework="pt") as stored:
        assert stored.metadata() == metadata
        assert all(torch.equal(stored.get_tensor(key), value) for key, value in tensors.items())
