"""Safetensors files whose bytes depend on their content alone."""

import json
from pathlib import Path

import torch
from safetensors.torch import save

from heavytail.files import whole

LENGTH_BYTES = 8


def write_tensors(
    path: str | Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str]
) -> None:
    """Write tensors and metadata as safetensors, all or nothing.

    The library orders metadata at random; here they stand by name, so that a rerun gives the same
    bytes. The format: length of the header, header as JSON padded to 8 bytes, data.
    """
    content = memoryview(save(tensors))
    end = LENGTH_BYTES + int.from_bytes(content[:LENGTH_BYTES], "little")
    entries = json.loads(bytes(content[LENGTH_BYTES:end]))
    header = json.dumps({"__metadata__": dict(sorted(metadata.items())), **entries}).encode()
    header += b" " * (-len(header) % 8)
    with whole(path) as temporary, open(temporary, "wb") as file:
        file.write(len(header).to_bytes(LENGTH_BYTES, "little"))
        file.write(header)
        file.write(content[end:])
