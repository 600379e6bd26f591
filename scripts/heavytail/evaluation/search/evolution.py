"""The moves of an evolutionary search over the ratios of matrices (EvoPress, ICML 2025).

A level of a matrix is 1/32 of it. A switch gives one matrix a level more and another one a level
less. If matrices differ in size, the smaller level of the two moves, so that every switch keeps the
number of weights that go.

Beyond the paper, two of three switches are wide: between two projections in every block, or between
two blocks for every projection. One child can so try what may hold for a whole model. Sweeps are
not in the paper either: a level more is tried in each matrix alone, and all move by what that cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from heavytail.allocation.target import shifted_to_target
from heavytail.config.search import LEVELS, PROBES
from heavytail.projections import Matrix

# A child differs from its parent by the lesser of two draws from 1 to so many switches.
SWITCHES = 3


@dataclass(frozen=True)
class Space:
    """The allocations that may be tried, told by how many weights more than at first go.

    Attributes:
        blocks, projections: int64 [matrices], equal for matrices of one block, of one projection.
        start: float64 [matrices], the ratios at first.
        sizes: int64 [matrices], the numbers of weights.
        levels: int64 [matrices], the weights of a level.
        low, high: int64 [matrices], the least and the most weights that may go in addition.
        target: the weighted mean of the ratios.
        bounds: the lowest and the highest ratio.
    """

    blocks: np.ndarray
    projections: np.ndarray
    start: np.ndarray
    sizes: np.ndarray
    levels: np.ndarray
    low: np.ndarray
    high: np.ndarray
    target: float
    bounds: tuple[float, float]

    def ratios(self, moved: np.ndarray) -> np.ndarray:
        """The ratios of an allocation, float64 [matrices]; their weighted mean is the target."""
        return self.start + moved / self.sizes

    def switched(self, moved: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """An allocation with a level more in some matrices and less in as many others.

        Args:
            moved: int64 [matrices]; it is not changed.
            random: draws whether the switch is of two matrices, two blocks or two projections, and
                which, each pair of matrices that stays within the levels alike.

        Raises:
            ValueError: there is no such pair.
        """
        amounts, possible = self._pairs(moved)
        if not possible.any():
            raise ValueError(
                "allocations.NAME.levels: no matrix can take a level more while another one takes "
                "one less, expected more levels or wider bounds"
            )
        # What the pairs of a switch have in common, and what tells its two sides apart.
        anything, itself = np.zeros_like(self.sizes), np.arange(len(self.sizes))
        kinds = [
            (anything, itself),
            (self.projections, self.blocks),
            (self.blocks, self.projections),
        ]
        shared, apart = kinds[random.integers(len(kinds))]
        alike = possible & np.equal.outer(shared, shared)
        if not alike.any():
            alike, apart = possible, itself
        pairs = np.argwhere(alike)
        more, less = apart[pairs[random.integers(len(pairs))]]
        more, less = np.nonzero(alike & np.logical_and.outer(apart == more, apart == less))
        found = moved.copy()
        found[more] += amounts[more, less]
        found[less] -= amounts[more, less]
        return found

    def _pairs(self, moved: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What one matrix can take more and another one less, [more, less], and whether it can."""
        amounts = np.minimum.outer(self.levels, self.levels)
        possible = moved[:, None] + amounts <= self.high[:, None]
        possible &= moved - amounts >= self.low
        np.fill_diagonal(possible, False)
        return amounts, possible

    def movable(self, moved: np.ndarray) -> bool:
        """Whether an allocation has children."""
        return bool(self._pairs(moved)[1].any())

    def probes(
        self, moved: np.ndarray, random: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """What a sweep tries: each matrix alone with a level more, or less if it has no room.

        A part of a level tells little, so the side with more room is tried.

        Args:
            moved: int64 [matrices].
            random: draws the matrices if there are more than `PROBES`.

        Returns:
            The matrices, int64 [probes], in the model's order, and by how many weights each moves,
            int64 [probes].
        """
        more, less = (np.minimum(self.levels, end) for end in (self.high - moved, moved - self.low))
        amounts = np.where(more >= less, more, -less)
        able = np.flatnonzero(amounts)
        places = np.sort(random.choice(able, min(len(able), PROBES), replace=False))
        return places, amounts[places]

    def step(
        self, moved: np.ndarray, places: np.ndarray, costs: np.ndarray, levels: float
    ) -> np.ndarray:
        """An allocation from which most goes where a weight costs least.

        A matrix moves by its rank and not by what it costs, as few cost many times the others. The
        rank of equal costs is their mean, and that of a matrix without one is the middle.

        Args:
            moved: int64 [matrices]; it is not changed.
            places: int64 [probes], the matrices whose costs are known.
            costs: float64 [probes], what each weight more costs.
            levels: by so many the cheapest matrix moves up and the dearest one down, before all
                shift to reach the target.
        """
        ranks = np.full(len(moved), 0.5)
        ranks[places] = (rankdata(costs) - 1) / max(1, len(costs) - 1)
        ratios = self.ratios(moved) + levels / LEVELS * (1 - 2 * ranks)
        ratios = shifted_to_target(ratios, self.sizes, self.target, self.bounds)
        found = np.rint((ratios - self.start) * self.sizes).astype(np.int64)
        found = found.clip(self.low, self.high)
        # What rounding left goes where there is most room.
        while missing := -int(found.sum()):
            room = self.high - found if missing > 0 else self.low - found
            place = np.abs(room).argmax()
            found[place] += np.clip(missing, *sorted((0, room[place])))
        return found

    def child(self, moved: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """An allocation that is one to three switches away, few more often than many."""
        for _ in range(random.integers(1, SWITCHES + 1, size=2).min()):
            moved = self.switched(moved, random)
        return moved


def space_of(
    matrices: Sequence[Matrix],
    ratios: np.ndarray,
    sizes: np.ndarray,
    target: float,
    levels: int,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> Space:
    """The allocations around a target.

    Args:
        matrices: (block, projection) of each.
        ratios: float64 [matrices], with which the search begins. Those outside of the levels come
            in, and the others move until the target is reached again.
        sizes: int64 [matrices], the numbers of weights.
        target: the weighted mean of the ratios, in (0, 1).
        levels: by so many levels a ratio may lie above or below the target.
        bounds: the lowest and the highest ratio, whatever the levels are.
    """
    low = max(target - levels / LEVELS, bounds[0])
    high = min(target + levels / LEVELS, bounds[1])
    start = shifted_to_target(ratios, sizes, target, (low, high))
    # Equal matrices have equal levels, larger ones several of the smallest's.
    smallest = sizes.min()
    blocks, projections = (
        np.unique(part, return_inverse=True)[1] for part in zip(*matrices, strict=True)
    )
    return Space(
        blocks=blocks,
        projections=projections,
        start=start,
        sizes=sizes,
        levels=max(1, smallest // LEVELS) * (sizes // smallest),
        low=np.ceil((low - start) * sizes).astype(np.int64),
        high=np.floor((high - start) * sizes).astype(np.int64),
        target=target,
        bounds=(low, high),
    )


def entrants(population: int, tokens: list[int]) -> list[int]:
    """How many children are scored in each round: no round costs more than the first.

    Args:
        population: the number of children.
        tokens: of the text on which each round scores a child.
    """
    return [max(1, population * tokens[0] // each) for each in tokens]
