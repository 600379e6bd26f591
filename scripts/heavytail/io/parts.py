"""Work that is kept block by block, so that a killed job does not start at block 0."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import torch

from heavytail.io.files import write_text
from heavytail.io.tensors import join_tensors, write_tensors
from heavytail.running.progress import counted

log = logging.getLogger(__name__)


class Parts:
    """The finished blocks of a job, one safetensors file each, in a folder of their own."""

    def __init__(self, output: str | Path, key: str):
        """Go on with what an earlier run left for the same output and key, or start anew.

        `key` stands for everything that the tensors depend on.
        """
        self.output = Path(output)
        self.folder = self.output.with_name(f".{self.output.name}.blocks")
        mark = self.folder / "key"
        if not mark.is_file() or mark.read_text(encoding="utf-8") != key:
            if self.folder.exists():
                shutil.rmtree(self.folder)
            write_text(mark, key)

    def path(self, block: int) -> Path:
        """The file of a block, there or not."""
        return self.folder / f"{block}.safetensors"

    def put(self, block: int, tensors: dict[str, torch.Tensor]) -> None:
        """Keep a finished block."""
        write_tensors(self.path(block), tensors, {})

    def join(self, blocks: int, metadata: dict[str, str]) -> None:
        """Write the output from all blocks, keys {block}.{key}, and delete the folder."""
        join_tensors(self.output, {str(b): self.path(b) for b in range(blocks)}, metadata)
        self.discard()

    def discard(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder)


def by_block(parts: Parts, blocks: int, measure: Callable[[int], dict[str, torch.Tensor]]) -> None:
    """Keep `measure(block)` of every block that is not finished."""
    for block in counted("block", range(blocks), blocks):
        if parts.path(block).is_file():
            log.info("measured before")
        else:
            parts.put(block, measure(block))
