"""Ratios that a file gives, by block or by matrix."""

from pathlib import Path

import numpy as np

from heavytail.allocation.published import read_floats
from heavytail.allocation.settings import Steps
from heavytail.allocation.target import shifted_to_target
from heavytail.config.given import TOLERANCE, Given, are_levels, check_shares, read_given
from heavytail.projections import Matrix, key_of, projection_of


def ratios(sizes: dict[Matrix, int], settings: Steps, guide: str) -> np.ndarray:
    """The ratios of the file. Their mean may miss the target by a rounding, which is shifted away.

    Args:
        sizes: (block, projection) → number of weights.
        settings: "sparsity" and, for a file of levels, "step".
        guide: the file.

    Returns:
        float64 [matrices].

    Raises:
        ValueError: the file lacks a matrix of the model or has others, or misses the target.
    """
    array = Path(guide).suffix == ".npy"
    given = _of_array(guide, list(sizes)) if array else read_given(guide)
    check_matrices(guide, given, list(sizes))
    weights = np.array(list(sizes.values()))
    own = [next(given[key] for key in _keys(matrix) if key in given) for matrix in sizes]
    found = np.array(own, dtype=float)
    if are_levels(given):
        if "step" not in settings:
            raise ValueError(
                f"{guide}: found levels, expected allocations.NAME.step, the number of weights of "
                "a level"
            )
        found = settings["sparsity"] + found * settings["step"] / weights
        check_shares(guide, dict(zip(sizes, found.tolist(), strict=True)))
    mean = found @ weights / weights.sum()
    if abs(mean - settings["sparsity"]) > TOLERANCE:
        raise ValueError(
            f"{guide}: found ratios whose mean is {mean:.4f}, expected the target "
            f"{settings['sparsity']}"
        )
    return shifted_to_target(found, weights, settings["sparsity"])


def check_matrices(path: str, given: Given, matrices: list[Matrix]) -> None:
    """Raise ValueError, which names the file, if its matrices are not those of the model."""
    blocks = 1 + max(block for block, _ in matrices)
    for matrix in matrices:
        if not any(key in given for key in _keys(matrix)):
            raise ValueError(f"{path}: found no ratio of {key_of(*matrix)}")
    known = {key for matrix in matrices for key in _keys(matrix)}
    for block, name in given:
        if block >= blocks or (block, name) not in known:
            what = f"block {block}" if name is None else key_of(block, name)
            raise ValueError(f"{path}: found a ratio of {what}, which the model does not have")


def _keys(matrix: Matrix) -> tuple[tuple[int, str | None], ...]:
    """What may give the ratio of a matrix: it, its projection with all experts, or its block."""
    block, name = matrix
    return matrix, (block, projection_of(name)), (block, None)


def _of_array(path: str, matrices: list[Matrix]) -> Given:
    """The ratios of a .npy file: floats [blocks], [matrices] or [blocks, projections]."""
    array = read_floats(path)
    blocks = 1 + max(block for block, _ in matrices)
    shapes = ((blocks,), (len(matrices),), (blocks, len(matrices) // blocks))
    if array.shape not in shapes:
        raise ValueError(
            f"{path}: found an array of shape {array.shape}, expected {blocks} blocks or "
            f"{len(matrices)} matrices"
        )
    whole = len(array.ravel()) == blocks
    names: list[tuple[int, str | None]] = (
        [(block, None) for block in range(blocks)] if whole else [*matrices]
    )
    given: Given = dict(zip(names, array.ravel().tolist(), strict=True))
    check_shares(path, given)
    return given
