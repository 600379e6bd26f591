"""What allocators share: the linear map, and the exact target."""

import numpy as np


def linear_map(scores: np.ndarray, epsilon: float) -> np.ndarray:
    """Relative ratios from 1 − ε (lowest score) to 1 + ε (highest); AlphaPruning, equation 3.

    Equal scores give equal ratios.
    """
    spread = scores.max() - scores.min()
    if spread == 0:
        return np.ones_like(scores)
    return 1 - epsilon + 2 * epsilon * (scores - scores.min()) / spread


def to_target(relative: np.ndarray, parameters: np.ndarray, target: float) -> np.ndarray:
    """Scale relative ratios so that their parameter-weighted mean is the target, none above 1.

    One factor multiplies all ratios; what it lifts above 1 is capped there and the factor of the
    others grows until the target holds again.

    Args:
        relative: float64 [n], positive.
        parameters: [n], the number of weights behind each ratio.
        target: sparsity in (0, 1).

    Returns:
        float64 [n] in (0, 1].
    """
    order = np.argsort(-relative, kind="stable")
    ranked, weights = relative[order], parameters[order].astype(float)
    wanted = target * weights.sum()
    # With the k largest ratios at 1, the others share what is left of the target.
    for capped in range(len(ranked)):
        factor = (wanted - weights[:capped].sum()) / (ranked[capped:] @ weights[capped:])
        if factor * ranked[capped] <= 1:
            break
    ratios = np.empty_like(relative, dtype=float)
    ratios[order] = np.minimum(1.0, factor * ranked)
    ratios[order[:capped]] = 1.0
    return ratios


def shifted_to_target(relative: np.ndarray, parameters: np.ndarray, target: float) -> np.ndarray:
    """Add one number to ratios so that their parameter-weighted mean is the target.

    What that lifts above 1 or lowers below 0 is held there while the others move on.

    Args:
        relative: float64 [n].
        parameters: [n], the number of weights behind each ratio.
        target: sparsity in (0, 1).

    Returns:
        float64 [n] in [0, 1].
    """
    # Most allocations do without it, and it takes longer to import than they take.
    from scipy.optimize import brentq

    weights = parameters / parameters.sum()

    def excess(shift: float) -> float:
        return float(np.clip(relative + shift, 0.0, 1.0) @ weights) - target

    return np.clip(relative + brentq(excess, -relative.max(), 1 - relative.min()), 0.0, 1.0)


def to_units(
    ratios: np.ndarray, parameters: np.ndarray, target: float, group_size: int
) -> np.ndarray:
    """Round ratios to whole numbers of `group_size` weights, as N:M sparsity needs them.

    Ratios are rounded down; then those with the largest remainders get one more, while that brings
    the parameter-weighted mean closer to the target.

    Args:
        ratios: float64 [n] in [0, 1].
        parameters: [n], the number of weights behind each ratio.
        target: sparsity in (0, 1).
        group_size: M of N:M.

    Returns:
        float64 [n], multiples of 1 / of in [0, 1].
    """
    wanted = np.round(ratios * group_size, 6)
    units, steps = np.floor(wanted), parameters / group_size
    missing = target * parameters.sum() - units @ steps
    for place in np.argsort(units - wanted, kind="stable"):
        if missing >= steps[place] / 2 and units[place] < group_size:
            units[place] += 1
            missing -= steps[place]
    return units / group_size
