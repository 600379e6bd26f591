import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from heavytail.io.tensors import CODES, join_tensors, stream_tensors, write_tensors


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


def test_every_dtype_and_shape_is_read_back_by_the_library(tmp_path):
    tensors = {str(dtype): torch.ones(3, dtype=dtype) for dtype in CODES}
    tensors |= {"scalar": torch.tensor(2.5), "empty": torch.zeros(0, 4), "odd": torch.ones(7, 3).T}
    write_tensors(tmp_path / "file", tensors, {})
    read = load_file(tmp_path / "file")
    assert read.keys() == tensors.keys()
    assert all(torch.equal(read[name], tensor) for name, tensor in tensors.items())


@pytest.mark.parametrize("copied", [3, 2**22])
def test_files_of_odd_lengths_are_joined_as_if_written_at_once(copied, tmp_path, monkeypatch):
    monkeypatch.setattr("heavytail.io.tensors.COPIED_BYTES", copied)
    parts = {
        str(n): {"kept": torch.arange(3 + n).byte(), "values": torch.randn(4, n).half()}
        for n in range(3)
    }
    for name, tensors in parts.items():
        write_tensors(tmp_path / name, tensors, {"of": name})
    join_tensors(tmp_path / "joined", {name: tmp_path / name for name in parts}, {"a": "b"})
    whole = {f"{n}.{key}": t for n, tensors in parts.items() for key, t in tensors.items()}
    write_tensors(tmp_path / "whole", whole, {"a": "b"})
    assert (tmp_path / "joined").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_part_that_was_cut_off_is_named_and_not_joined(tmp_path):
    for name in "ab":
        write_tensors(tmp_path / name, {"kept": torch.arange(50).byte()}, {})
    (tmp_path / "b").write_bytes((tmp_path / "b").read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"/b: found its end at byte \d+, expected it at"):
        join_tensors(tmp_path / "joined", {name: tmp_path / name for name in "ab"}, {})
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}


def test_a_tensor_unlike_its_layout_leaves_no_file(tmp_path):
    with pytest.raises(ValueError, match=r"a: found torch\.float32"):
        stream_tensors(tmp_path / "out", {"a": ("F16", (2,))}, lambda _: torch.ones(2), {})
    assert not list(tmp_path.iterdir())
