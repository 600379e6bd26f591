"""The file that paired comparisons read: losses of windows, and outcomes of documents."""

from typing import Any

import numpy as np

from heavytail.io.files import replacing


def write_paired(
    path: str,
    losses: list[list[float | None]],
    outcomes: list[dict[str, list[float]]],
    weights: dict[str, float],
) -> None:
    """Write an .npz file, completely or not at all.

    Args:
        path: the file to write.
        losses: per row of the table of cells, the nats of each window; None if not finite.
        outcomes: per row, task → what each document counts, from 0 to 1; empty without tasks.
        weights: task → its weight in the mean. Only such tasks are written.
    """
    found: dict[str, Any] = {
        f"losses/{row}": np.array(own, dtype=float) for row, own in enumerate(losses)
    }
    for row, tasks in enumerate(outcomes):
        found |= {
            f"outcomes/{row}/{task}": np.array(right, _kind(right))
            for task, right in tasks.items()
            if task in weights
        }
    found |= {f"weights/{task}": np.array(weight) for task, weight in weights.items()}
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **found)


def common_weights(known: dict[str, float], own: dict[str, float]) -> dict[str, float]:
    """The weights of a record, which are those of every other: no mean is compared otherwise."""
    if known and own and known != own:
        raise ValueError("records whose means are over other tasks: delete the older ones")
    return own or known


def _kind(outcomes: list[float]) -> type[np.number]:
    """int8 for what is right or wrong, of which there is much."""
    return np.int8 if all(value in (0, 1) for value in outcomes) else np.float64


def read_paired(
    path: str,
) -> tuple[list[np.ndarray], list[dict[str, np.ndarray]], dict[str, float]]:
    """Losses and outcomes per row, and the weight of each task.

    Losses are float64 [windows], nan if not finite, and outcomes int8 or float64 [documents].
    """
    weights: dict[str, float] = {}
    losses: list[np.ndarray] = []
    outcomes: dict[str, dict[str, np.ndarray]] = {}
    with np.load(path) as found:
        for name in found.files:
            kind, row, *task = name.split("/")
            if kind == "weights":
                weights[row] = float(found[name])
            elif kind == "losses":
                losses.append(found[name])
            else:
                outcomes.setdefault(row, {})[task[0]] = found[name]
    return losses, list(outcomes.values()), weights
