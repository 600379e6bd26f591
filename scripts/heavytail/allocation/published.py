"""Read published alphas, numbers per matrix that take the place of a model's weights."""

from pathlib import Path

import numpy as np

from heavytail.projections import Matrix, key_of, projection_of


def read_alphas(path: str | Path, order: list[str], matrices: list[Matrix]) -> dict[Matrix, float]:
    """(block, name) → alpha, in the order of `matrices`; an expert's is that of its projection.

    Args:
        path: .npy file with float [blocks · projections] or [blocks, projections], block by block;
            a pickle is never read.
        order: the projections of a block in the order of the file.
        matrices: those of the model, block by block.

    Raises:
        ValueError: the file holds no such array, `order` is not the projections of a block, or a
            number is not finite; the message then names the matrix.
    """
    owned = list(dict.fromkeys(projection_of(name) for _, name in matrices))
    if sorted(order) != sorted(owned):
        raise ValueError(
            f"alphas.order: found {', '.join(order)}, expected the projections of this model's "
            f"blocks: {', '.join(owned)}"
        )
    blocks = 1 + max(block for block, _ in matrices)
    alphas, count = read_floats(path), blocks * len(owned)
    if alphas.shape not in ((count,), (blocks, len(owned))):
        raise ValueError(
            f"{path}: found an array of shape {alphas.shape}, expected {count} numbers: "
            f"{blocks} blocks of {len(owned)} projections"
        )
    keys = [(block, projection) for block in range(blocks) for projection in order]
    found = dict(zip(keys, alphas.ravel().tolist(), strict=True))
    for matrix, alpha in found.items():
        if not np.isfinite(alpha):
            raise ValueError(f"{path}: {key_of(*matrix)}: found {alpha}, expected a number")
    return {(block, name): found[block, projection_of(name)] for block, name in matrices}


def read_floats(path: str | Path) -> np.ndarray:
    """The floats of a .npy file. Raises ValueError, which names the file, if it is none."""
    try:
        with open(path, "rb") as handle:
            found = np.lib.format.read_array(handle, allow_pickle=False)
    except (ValueError, EOFError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: not a .npy file of plain numbers ({reason})") from error
    if not np.issubdtype(found.dtype, np.floating):
        raise ValueError(f"{path}: found numbers of type {found.dtype}, expected floats")
    return found.astype(float)
