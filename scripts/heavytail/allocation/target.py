"""What allocators share: the linear map, and the ways to reach the target exactly."""

import math

import numpy as np

# Weighted means of ratios are exact but for this.
ROUNDING = 1e-12


def linear_map(scores: np.ndarray, epsilon: float) -> np.ndarray:
    """Relative ratios from 1 − ε (lowest score) to 1 + ε (highest); AlphaPruning, equation 3.

    If all scores are equal, all ratios are 1.
    """
    spread = scores.max() - scores.min()
    if spread == 0:
        return np.ones_like(scores)
    return 1 - epsilon + 2 * epsilon * (scores - scores.min()) / spread


def to_target(relative: np.ndarray, parameters: np.ndarray, target: float) -> np.ndarray:
    """Scale relative ratios so that their parameter-weighted mean is the target; none exceeds 1.

    One factor multiplies all ratios. Ratios that would exceed 1 are set to 1, and the factor of the
    others grows until the target is reached again.

    Args:
        relative: float64 [n], positive.
        parameters: [n], the number of weights behind each ratio.
        target: sparsity in (0, 1).

    Returns:
        float64 [n] in (0, 1].
    """
    order = np.argsort(-relative, kind="stable")
    ranked, weights = relative[order], parameters[order].astype(float)
    removed = target * weights.sum()
    # If the k largest ratios are 1, the others share what is left of the target.
    for capped in range(len(ranked)):
        factor = (removed - weights[:capped].sum()) / (ranked[capped:] @ weights[capped:])
        if factor * ranked[capped] <= 1:
            break
    ratios = np.empty_like(relative, dtype=float)
    ratios[order] = np.minimum(1.0, factor * ranked)
    ratios[order[:capped]] = 1.0
    return ratios


def shifted_to_target(
    relative: np.ndarray,
    parameters: np.ndarray,
    target: float,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> np.ndarray:
    """Add one number to all ratios so that their parameter-weighted mean is the target.

    A ratio that would leave the bounds stays there while the others move on.

    Args:
        relative: float64 [n].
        parameters: [n], the number of weights behind each ratio.
        target: sparsity in (0, 1), within the bounds.
        bounds: the lowest and the highest ratio.

    Returns:
        float64 [n] within the bounds.
    """
    # Most allocations do without it, and it takes longer to import than they take.
    from scipy.optimize import brentq

    weights = parameters / parameters.sum()

    def excess(shift: float) -> float:
        return float(np.clip(relative + shift, *bounds) @ weights) - target

    ends = bounds[0] - relative.max(), bounds[1] - relative.min()
    # A target that is a bound is reached, or missed by rounding, only where all ratios are there.
    for end in ends:
        if abs(excess(end)) < ROUNDING:
            return np.clip(relative + end, *bounds)
    return np.clip(relative + brentq(excess, *ends), *bounds)


def within_units(bounds: tuple[float, float], group_size: int) -> tuple[float, float]:
    """The bounds of multiples of 1 / group_size that lie within `bounds`."""
    low, high = (round(bound * group_size, 6) for bound in bounds)
    return math.ceil(low) / group_size, math.floor(high) / group_size


def to_units(
    ratios: np.ndarray,
    parameters: np.ndarray,
    target: float,
    group_size: int,
    highest: float = 1.0,
) -> np.ndarray:
    """Round ratios to multiples of 1 / group_size, as N:M sparsity needs them.

    Ratios are rounded down. Then those with the largest remainders get one unit more, as long as
    that brings the parameter-weighted mean closer to the target.

    Args:
        ratios: float64 [n] in [0, 1].
        parameters: [n], the number of weights behind each ratio.
        target: sparsity in (0, 1).
        group_size: M of N:M.
        highest: no ratio is raised above it.

    Returns:
        float64 [n], multiples of 1 / group_size in [0, 1].
    """
    exact, most = np.round(ratios * group_size, 6), round(highest * group_size, 6)
    units, steps = np.floor(exact), parameters / group_size
    missing = target * parameters.sum() - units @ steps
    for index in np.argsort(units - exact, kind="stable"):
        if missing >= steps[index] / 2 and units[index] + 1 <= most:
            units[index] += 1
            missing -= steps[index]
    return units / group_size
