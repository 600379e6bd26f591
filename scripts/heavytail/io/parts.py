"""Work that is kept block by block, so that a killed job does not start at block 0."""

import logging
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import safe_open

from heavytail.io.files import write_text
from heavytail.io.tensors import join_tensors, write_tensors
from heavytail.running.progress import counted

log = logging.getLogger(__name__)
# The tensors of a block, and what is written beside them.
Kept = tuple[dict[str, torch.Tensor], dict[str, str]]


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

    def put(
        self, block: int, tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None = None
    ) -> None:
        """Keep a finished block."""
        write_tensors(self.path(block), tensors, metadata or {})

    @contextmanager
    def behind(self) -> Iterator[Callable[[int, Callable[[], Kept]], None]]:
        """Keep blocks while the caller goes on: yields `put(block, made)`.

        `made` is called in a thread and returns the other arguments of this class's `put`. One
        block at a time is on its way: a second one waits. All are kept at the end, also of a
        caller that fails.

        Raises: what keeping a block raises, at the next block or at the end.
        """
        with ThreadPoolExecutor(1) as pool:
            last = pool.submit(lambda: None)

            def put(block: int, made: Callable[[], Kept]) -> None:
                nonlocal last
                last.result()
                last = pool.submit(lambda: self.put(block, *made()))

            yield put
            last.result()

    def metadata(self, block: int) -> dict[str, str]:
        """What was kept beside a block's tensors."""
        with safe_open(self.path(block), framework="numpy") as stored:
            return stored.metadata()

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
