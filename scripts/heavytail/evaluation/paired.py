"""The file that paired comparisons read: losses of windows, and outcomes of documents."""

from typing import Any

import numpy as np

from heavytail.io.files import replacing


def write_paired(
    path: str, losses: list[list[float | None]], outcomes: list[dict[str, list[int]]]
) -> None:
    """Write an .npz file, completely or not at all.

    Args:
        path: the file to write.
        losses: per row of the table of cells, the nats of each window; None if not finite.
        outcomes: per row, task → whether each document was right; empty without tasks.
    """
    found: dict[str, Any] = {
        f"losses/{row}": np.array(own, dtype=float) for row, own in enumerate(losses)
    }
    for row, tasks in enumerate(outcomes):
        found |= {
            f"outcomes/{row}/{task}": np.array(right, np.int8) for task, right in tasks.items()
        }
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **found)


def read_paired(path: str) -> tuple[list[np.ndarray], list[dict[str, np.ndarray]]]:
    """Losses, float64 [windows], nan if not finite, and outcomes, int8 [documents], per row."""
    losses: list[np.ndarray] = []
    outcomes: dict[str, dict[str, np.ndarray]] = {}
    with np.load(path) as found:
        for name in found.files:
            kind, row, *task = name.split("/")
            if kind == "losses":
                losses.append(found[name])
            else:
                outcomes.setdefault(row, {})[task[0]] = found[name]
    return losses, list(outcomes.values())
