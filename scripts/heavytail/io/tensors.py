"""Write safetensors files, one tensor at a time; their bytes depend only on their content."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import torch
from safetensors import safe_open

from heavytail.io.files import replacing

LENGTH_BYTES = 8
# What is copied from one file to another at a time.
COPIED_BYTES = 2**22
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
DTYPES = {code: dtype for dtype, code in CODES.items()}
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

    def write(name: str, file: BinaryIO) -> None:
        tensor = load(name)
        if (CODES[tensor.dtype], tuple(tensor.shape)) != layout[name]:
            found = f"{tensor.dtype} {[*tensor.shape]}"
            raise ValueError(f"{name}: found {found}, expected {layout[name]}")
        file.write(raw(tensor))

    _write(path, layout, write, metadata)


def _write(
    path: str | Path,
    layout: Layout,
    write: Callable[[str, BinaryIO], None],
    metadata: dict[str, str],
) -> None:
    """Write a header, and let `write(name, file)` write the bytes of each tensor behind it."""
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
            write(name, file)


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
    # Name → its file, and where its bytes begin and end there.
    places: dict[str, tuple[Path, int, int]] = {}
    for prefix, part in parts.items():
        with open(part, "rb") as file:
            length = int.from_bytes(file.read(LENGTH_BYTES), "little")
            entries = json.loads(file.read(length))
        entries.pop("__metadata__", None)
        for inner, entry in entries.items():
            name, data = f"{prefix}.{inner}", LENGTH_BYTES + length
            start, end = entry["data_offsets"]
            layout[name] = entry["dtype"], tuple(entry["shape"])
            places[name] = part, data + start, data + end
    # Mapped files would be read page by page, and count as memory of the process.
    buffer = memoryview(bytearray(COPIED_BYTES))

    def write(name: str, file: BinaryIO) -> None:
        part, start, end = places[name]
        with open(part, "rb", buffering=0) as source:
            source.seek(start)
            while start < end:
                count = source.readinto(buffer[: end - start])
                if not count:
                    raise ValueError(f"{part}: found its end at byte {start}, expected it at {end}")
                file.write(buffer[:count])
                start += count

    _write(path, layout, write, metadata)
