"""Read a model's segments from a file (standard library only: parse time)."""

import json
from itertools import chain
from pathlib import Path


def read_segments(path: str | Path) -> list[list[int]]:
    """Contiguous runs of blocks, which together are all blocks from 0 on, in order.

    Raises ValueError, which names the file, if it holds anything else.
    """
    try:
        table = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: not a JSON file ({error})") from error
    lists = isinstance(table, list) and all(isinstance(run, list) and run for run in table)
    blocks = list(chain(*table)) if lists else []
    if not blocks or blocks != list(range(len(blocks))):
        raise ValueError(
            f"{path}: expected a list of lists of blocks that together are all blocks from 0 on, "
            "in order, as in [[0], [1, 2, 3]]"
        )
    return table
