"""How far allocations take a model from the dense one: the divergence of its predictions.

All allocations that are compared go through the model together, block by block. As long as they
agree on the blocks so far, they are one.
"""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn

from heavytail.evaluation.search.evolution import Space
from heavytail.evaluation.search.levels import Levels, place
from heavytail.models.hidden_states import HiddenStates
from heavytail.models.streaming import StreamedModel, batches_of
from heavytail.projections import Matrix

# Candidates that agree on all blocks so far, and their hidden states.
Group = tuple[list[int], HiddenStates]


def held(batches: Iterable[torch.Tensor], folder: Path, budget: float) -> HiddenStates:
    """Some batches as hidden states, of which so many bytes stay in memory."""
    found = HiddenStates(folder, budget)
    for hidden in batches:
        found.append(hidden)
    return found


class Divergence:
    """KL(dense ‖ pruned) of the next token on windows of a text."""

    def __init__(
        self,
        model: StreamedModel,
        levels: Levels,
        space: Space,
        windows: torch.Tensor,
        scratch: tuple[Path, float],
    ):
        """Let the dense model read the text.

        Args:
            model: the dense model, which has embedded nothing yet.
            levels: its pruned matrices.
            space: the allocations.
            windows: token ids, int64 [windows, length].
            scratch: a folder, and the bytes of hidden states that stay in memory and not there.
        """
        self.model, self.levels, self.space, self.windows = model, levels, space, windows
        self.folder, self.budget = scratch[0], scratch[1] / 3
        self.matrices: dict[Matrix, int] = {
            matrix: number for number, matrix in enumerate(model.checkpoint.matrices())
        }
        self.inputs = self.dense = HiddenStates()
        self.totals: list[torch.Tensor] = []

    @torch.no_grad()
    def read(self, rounds: list[tuple[int, int]]) -> None:
        """Keep what the dense model makes of every window.

        Args:
            rounds: (windows, length) of each text on which allocations will be compared.
        """
        examples = [part for n, length in rounds for part in batches_of(self.windows[:n, :length])]
        # The model says once for each shape what its blocks get beside the hidden states.
        ids = iter([*self.windows.split(1), *examples])
        self.inputs = self.model.embed(ids, self.folder / "inputs", self.budget)
        inputs = (self.inputs[number] for number in range(len(self.windows)))
        states = held(inputs, self.folder / "dense", self.budget)
        self.dense = self.model.finish(self.model.run(states))
        totals = [torch.full(one.shape[1:2], -torch.inf) for one in self.dense]
        self.totals = [total.to(self.model.device) for total in totals]
        for _ in self.model.vocabulary():
            for hidden, total in zip(self.dense, self.totals, strict=True):
                logits = self.model.logits(hidden).flatten(0, 1).float()
                total.copy_(torch.logaddexp(total, logits.logsumexp(dim=1)))

    @torch.no_grad()
    def of(self, candidates: list[np.ndarray], drawn: list[int], length: int) -> list[float]:
        """The mean divergence in nats of each allocation.

        Args:
            candidates: allocations, int64 [matrices] as the space tells them.
            drawn: the windows.
            length: of each window, so many tokens from its start.
        """
        step = len(next(batches_of(self.windows[: len(drawn), :length])))
        batches = [drawn[start : start + step] for start in range(0, len(drawn), step)]
        share = self.folder / "children", self.budget / len(candidates)
        inputs = (torch.cat([self.inputs[one][:, :length] for one in batch]) for batch in batches)
        states = held(inputs, share[0] / "first", share[1])
        groups: list[Group] = [([*range(len(candidates))], states)]
        for index, block in self.model.blocks():
            groups = list(self._through(index, block, groups, candidates, share))
        outputs: list[HiddenStates] = [states] * len(candidates)
        for members, ended in groups:
            self.model.finish(ended)
            for number in members:
                outputs[number] = ended
        found = self._divergences(batches, length, outputs)
        shutil.rmtree(share[0], ignore_errors=True)
        return found

    def _through(
        self,
        index: int,
        block: nn.Module,
        groups: list[Group],
        candidates: list[np.ndarray],
        share: tuple[Path, float],
    ) -> Iterator[Group]:
        """All candidates through a block, each with its own pruned matrices."""
        names = list(self.model.slices[index])
        dense = {name: self.model.weight(index, name).clone() for name in names}
        placed: dict[str, int] = {}
        for members, states in groups:
            apart: dict[tuple[int, ...], list[int]] = {}
            for number in members:
                own = (candidates[number][self.matrices[index, name]] for name in names)
                apart.setdefault(tuple(map(int, own)), []).append(number)
            for last, (moves, same) in enumerate(apart.items(), 1 - len(apart)):
                # The last ones take the states, the others a copy.
                apart_at = share[0] / f"{index}-{same[0]}", share[1]
                own_states = held(states, *apart_at) if last else states
                for name, moved in zip(names, moves, strict=True):
                    if placed.get(name) != moved:
                        self._place(index, name, moved, dense[name])
                        placed[name] = moved
                self.model.advance(index, block, own_states)
                yield same, own_states

    def _place(self, index: int, name: str, moved: int, dense: torch.Tensor) -> None:
        """Put a pruned matrix into a loaded block."""
        number = self.matrices[index, name]
        ratio = float(self.space.start[number] + moved / self.space.sizes[number])
        place(self.model, index, name, self.levels.pruned((index, name), moved, ratio, dense))

    def _divergences(
        self, batches: list[list[int]], length: int, outputs: list[HiddenStates]
    ) -> list[float]:
        """The mean divergences of candidates from what their last blocks gave.

        Σ p (z − y) grows by part of the vocabulary, p and z being the dense probabilities and
        logits and y those of the candidate; with log Σ exp of both that is all it takes.
        """
        shape = len(outputs), sum(map(len, batches)) * length
        device = self.model.device
        gaps = torch.zeros(shape, dtype=torch.float64, device=device)
        totals = torch.full(shape, -torch.inf, device=device)
        for _ in self.model.vocabulary():
            start = 0
            for number, batch in enumerate(batches):
                here = slice(start, start + len(batch) * length)
                start = here.stop
                hidden = torch.cat([self.dense[window][:, :length] for window in batch])
                known = torch.cat([self.totals[window][:length] for window in batch])
                logits = self.model.logits(hidden).flatten(0, 1).float()
                shares = (logits - known[:, None]).exp()
                for child, states in enumerate(outputs):
                    own = self.model.logits(states[number]).flatten(0, 1).float()
                    gaps[child, here] += (shares * (logits - own)).sum(dim=1)
                    total = totals[child, here]
                    total.copy_(torch.logaddexp(total, own.logsumexp(dim=1)))
        drawn = [self.totals[window][:length] for batch in batches for window in batch]
        found = gaps + totals.double() - torch.cat(drawn).double()
        return found.mean(dim=1).tolist()
