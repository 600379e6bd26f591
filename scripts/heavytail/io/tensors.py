"""Write safetensors files, one tensor at a time; their bytes depend only on their content."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import safe_open

from heavytail.io.files import replacing

LENGTH_BYTES = 8
# The format's names of dtypes.
CODES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
SIZES = {code: dtype.itemsize for dtype, code in CODES.items()}
# Name → the format's name of its dtype, and its shape.
Layout = dict[str, tuple[str, tuple[int, ...]]]


def write_tensors(
    path: str | Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str]
) -> None:
    """Write tensors and metadata as safetensors, completely or not at all."""
    layout = {name: (CODES[tensor.dtype], tuple(tensor.shape)) for name, tensor in tensors.items()}
    stream_tensors(path, layout, tensors.__getitem__, metadata)


def stream_tensors(
    path: str | Path, layout: Layout, load: Callable[[str], torch.Tensor], metadata: dict[str, str]
) -> None:
    """Write safetensors, completely or not at all, with one tensor in memory at a time.

    The library orders metadata at random. Here metadata are ordered by name, so that a rerun gives
    the same bytes. The format is: the length of the header, the header as JSON padded to 8 bytes,
    the data. Wide dtypes come first, so that every tensor is aligned.

    Args:
        layout: what is to be written.
        load: name → the tensor, of the dtype and shape in the layout.
        metadata: text beside the tensors.

    Raises:
        ValueError: a loaded tensor is not as the layout says.
    """
    names = sorted(layout, key=lambda name: (-SIZES[layout[name][0]], name))
    entries, end = {}, 0
    for name in names:
        code, shape = layout[name]
        start, end = end, end + SIZES[code] * math.prod(shape)
        entries[name] = {"dtype": code, "shape": [*shape], "data_offsets": [start, end]}
    header = json.dumps({"__metadata__": dict(sorted(metadata.items())), **entries}).encode()
    header += b" " * (-len(header) % 8)
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(len(header).to_bytes(LENGTH_BYTES, "little"))
        file.write(header)
        for name in names:
            tensor = load(name)
            if (CODES[tensor.dtype], tuple(tensor.shape)) != layout[name]:
                found = f"{tensor.dtype} {[*tensor.shape]}"
                raise ValueError(f"{name}: found {found}, expected {layout[name]}")
            file.write(raw(tensor))


def raw(tensor: torch.Tensor) -> memoryview:
    """The bytes of a tensor."""
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data


def layout_of(stored: safe_open) -> Layout:
    """The layout of an open safetensors file; this reads no tensor."""
    slices = {name: stored.get_slice(name) for name in stored.keys()}  # noqa: SIM118
    return {name: (part.get_dtype(), tuple(part.get_shape())) for name, part in slices.items()}


def join_tensors(path: str | Path, parts: dict[str, Path], metadata: dict[str, str]) -> None:
    """Write one safetensors file from several, with keys {prefix}.{key}.

    Args:
        parts: prefix, without a dot → file.
        metadata: that of the new file.
    """
    layout: Layout = {}
    for prefix, part in parts.items():
        with safe_open(part, framework="pt") as stored:
            layout |= {f"{prefix}.{name}": entry for name, entry in layout_of(stored).items()}

    def load(name: str) -> torch.Tensor:
        prefix, _, inner = name.partition(".")
        # Open the file each time: what was read of an open file counts as memory of the process.
        with safe_open(parts[prefix], framework="pt") as stored:
            return stored.get_tensor(inner)

    stream_tensors(path, layout, load, metadata)
