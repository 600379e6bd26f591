"""Work that is kept block by block, so that a killed job does not start at block 0."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file

from heavytail.files import write_text
from heavytail.progress import counted
from heavytail.tensors import write_tensors

log = logging.getLogger(__name__)


def by_block(
    folder: Path, key: str, blocks: int, measure: Callable[[int], dict[str, torch.Tensor]]
) -> dict[str, torch.Tensor]:
    """The tensors of `measure(block)` for all blocks, keys {block}.{key of measure}.

    Args:
        folder: keeps finished blocks; the caller deletes it once the result is safe.
        key: stands for everything the tensors depend on: with another one, work starts anew.
        blocks: their number.
        measure: block → tensors.
    """
    mark = folder / "key"
    if not mark.is_file() or mark.read_text(encoding="utf-8") != key:
        if folder.exists():
            shutil.rmtree(folder)
        write_text(mark, key)
    found: dict[str, torch.Tensor] = {}
    for block in counted("block", range(blocks), blocks):
        path = folder / f"{block}.safetensors"
        if path.is_file():
            log.info("measured before")
        else:
            write_tensors(path, measure(block), {})
        found |= {f"{block}.{name}": tensor for name, tensor in load_file(path).items()}
    return found
