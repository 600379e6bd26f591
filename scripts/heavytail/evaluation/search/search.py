"""The search for the ratios of matrices that keep a pruned model near the dense one (EvoPress)."""

import json
import logging
import math
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict, cast

import numpy as np
import torch
from safetensors.torch import load_file

from heavytail.allocation.table import read_ratios, write_ratios
from heavytail.config.search import RENEWED, STEPS
from heavytail.evaluation.search.divergence import Divergence
from heavytail.evaluation.search.evolution import entrants, space_of
from heavytail.evaluation.search.levels import Levels
from heavytail.evaluation.settings import SearchSettings
from heavytail.io.computed import Stopwatch, computed_by
from heavytail.io.files import read_json, sha256, write_json
from heavytail.io.parts import Parts
from heavytail.models import device
from heavytail.models.streaming import StreamedModel
from heavytail.pruning.loop import chosen
from heavytail.pruning.settings import PruneSettings
from heavytail.running.progress import uncounted

log = logging.getLogger(__name__)
# All probes of a sweep read one text: many short windows are less alike than few long ones.
PROBED = 256


class State(TypedDict):
    """All that a generation takes over from those before it.

    Attributes:
        generation: how many are finished.
        moved: of each matrix, how many weights more than at first go.
        history: [divergence of the parent, of the best child] of each generation, on its text.
        sweeps: [divergence of the parent, of each step] of each sweep, on its text.
        probed: those of the parent and of the probes so far, if a sweep is not finished.
        tokens: how many went through a pruned model so far.
    """

    generation: int
    moved: list[int]
    history: list[list[float | None]]
    sweeps: list[list[float | None]]
    probed: list[float | None]
    tokens: int


def finite(number: float) -> float | None:
    """A number as JSON can have it."""
    return number if math.isfinite(number) else None


class Search:
    """An allocation, and its generations with those of a killed job."""

    def __init__(
        self,
        files: dict[str, str],
        settings: SearchSettings,
        pruning: PruneSettings,
        budget: float,
        output: str,
    ):
        """Read the model and the texts; the arguments are those of `search_allocation`."""
        self.settings = settings
        streamed = StreamedModel(Path(files["model"]).parent, device.pick())
        self.windows = load_file(files["validation"])["input_ids"]
        self.sums = {name: sha256(path) for name, path in files.items()}
        ratios, self.sizes = read_ratios(files["start"])
        low, high = settings.get("bounds", (0.0, 1.0))
        self.space = space_of(
            [*self.sizes],
            np.array([*ratios.values()]),
            np.array([*self.sizes.values()]),
            settings["sparsity"],
            settings["levels"],
            (low, high),
        )
        # Hours of work may lie before the first child, and a space without any fails there.
        self.space.child(np.zeros_like(self.space.low), np.random.default_rng(0))
        self.computed = computed_by(streamed.device, streamed.dtype)
        key = json.dumps([settings, pruning, self.sums, self.computed])
        self.parts = Parts(output, key)
        # A model's own matrices take as much again.
        room = sum(self.sizes.values()) * streamed.dtype.itemsize
        (method, self.way), folder = chosen(pruning), self.parts.folder
        self.levels = Levels(folder, streamed, method, room)
        calibration = torch.empty(0, 1, dtype=torch.long)
        if "calibration" in files:
            calibration = load_file(files["calibration"])["input_ids"]
        self.calibration = calibration, budget
        shutil.rmtree(folder / "texts", ignore_errors=True)
        scratch = folder / "texts", budget
        self.divergence = Divergence(streamed, self.levels, self.space, self.windows, scratch)
        self.texts = [self._text(tokens) for tokens in settings["tokens"]]
        self.probed_text = self._text(settings["tokens"][0], PROBED)
        self.divergence.read(
            [*self.texts, self.probed_text, (len(self.windows), self.windows.shape[1])]
        )

    def _text(self, tokens: int, longest: float = math.inf) -> tuple[int, int]:
        """How many windows have so many tokens, and how much of each is read."""
        length = int(min(tokens, self.windows.shape[1], longest))
        return min(len(self.windows), tokens // length), length

    def gather(self, mark: str, moved: np.ndarray) -> None:
        """Let matrices be pruned for the inputs that they have in the cell of an allocation."""
        told = zip(moved.tolist(), self.space.ratios(moved).tolist(), strict=True)
        allocation = dict(zip(self.sizes, told, strict=True))
        self.levels.gather(mark, allocation, self.way, self.calibration)

    def state(self) -> State:
        """What an earlier run has kept, or that before the first sweep."""
        file = self.parts.folder / "state.json"
        if file.is_file():
            found = cast(State, read_json(file))
            if found["generation"]:
                told = found["generation"], self.settings["generations"]
                log.info("generation %d of %d: it was finished before", *told)
            return found
        first = {"generation": 0, "moved": [0] * len(self.sizes), "tokens": 0}
        return cast(State, {**first, "history": [], "sweeps": [], "probed": []})

    def keep(self, state: State) -> State:
        """The same state, written to disk."""
        write_json(self.parts.folder / "state.json", state)
        self.trim(state)
        return state

    def trim(self, state: State) -> None:
        """Delete matrices that the parent does not have, as far as there is no room for them."""
        self.levels.trim(dict(zip(self.sizes, state["moved"], strict=True)))

    def drawn(self, text: tuple[int, int], random: np.random.Generator) -> tuple[list[int], int]:
        """The windows of a text of that size, and how much of each is read."""
        return random.choice(len(self.windows), text[0], replace=False).tolist(), text[1]

    def losses(
        self, allocations: Iterable[np.ndarray], drawn: tuple[list[int], int]
    ) -> list[float]:
        """Their divergences; what is not a number is as bad as can be."""
        found = self.divergence.of([*allocations], *drawn)
        return [math.inf if math.isnan(loss) else loss for loss in found]

    def probed(self, state: State, probes: np.ndarray, random: np.random.Generator) -> State:
        """The state with the divergences of the parent and of all probes, int64 [probes, matrices].

        As many go through the model together as a generation has children, and are kept then, so
        that a killed sweep goes on.
        """
        tried = np.vstack([state["moved"], probes])
        drawn = self.drawn(self.probed_text, random)
        while (done := len(state["probed"])) < len(tried):
            some = tried[done : done + self.settings["population"]]
            found = [*state["probed"], *map(finite, self.losses(some, drawn))]
            spent = state["tokens"] + len(some) * math.prod(self.probed_text)
            state = self.keep({**state, "probed": found, "tokens": spent})
            log.info("probe %d of %d", len(found) - 1, len(probes))
        return state

    def swept(self, state: State) -> State:
        """The state after a sweep: its parent is moved by what a level more costs each matrix."""
        random = np.random.default_rng([self.settings["seed"], state["generation"], len(STEPS)])
        parent = np.array(state["moved"], dtype=np.int64)
        places, amounts = self.space.probes(parent, random)
        probes = np.tile(parent, (len(places), 1))
        probes[np.arange(len(places)), places] += amounts
        state = self.probed(state, probes, random)
        start, *ends = (math.inf if loss is None else loss for loss in state["probed"])
        # Where both are infinite nothing is known, so the weight costs nothing.
        costs = [
            0.0 if end == start else (end - start) / amount
            for end, amount in zip(ends, amounts.tolist(), strict=True)
        ]
        steps = (self.space.step(parent, places, np.array(costs), levels) for levels in STEPS)
        # From some corners of narrow bounds no switch leads on.
        tried = [parent, *filter(self.space.movable, steps)]
        drawn, losses = self.drawn(self.texts[-1], random), []
        for one in tried:
            # One at a time: they have nothing in common, and each needs matrices of its own.
            losses += self.losses([one], drawn)
            self.trim(state)
        log.info("divergence of the parent and of its steps: %s", losses)
        return {
            **state,
            "moved": tried[losses.index(min(losses))].tolist(),
            "sweeps": [*state["sweeps"], [*map(finite, losses)]],
            "probed": [],
            "tokens": state["tokens"] + len(tried) * math.prod(self.texts[-1]),
        }

    def after(self, state: State) -> State:
        """The state after one more generation; it follows from `state` and the settings alone.

        The children are scored round by round, on ever more text, and ever fewer go on. In the
        last round the parent is one of them. Text is drawn anew for each round.
        """
        number, settings = state["generation"], self.settings
        random = np.random.default_rng([settings["seed"], number])
        parent, spent = np.array(state["moved"], dtype=np.int64), state["tokens"]
        left = [self.space.child(parent, random) for _ in range(settings["population"])]
        losses: list[float] = []
        counts = entrants(settings["population"], settings["tokens"])
        for stage, (count, text) in enumerate(zip(counts, self.texts, strict=True), 1):
            # Of equals the first one wins, so in doubt the parent stays.
            left = [parent] * (stage == len(counts)) + left[:count]
            losses = self.losses(left, self.drawn(text, random))
            spent += len(left) * math.prod(text)
            order = sorted(range(len(left)), key=losses.__getitem__)
            left = [left[place] for place in order]
        told = [finite(loss) for loss in (losses[0], min(losses[1:]))]
        return {
            **state,
            "generation": number + 1,
            "moved": left[0].tolist(),
            "history": [*state["history"], told],
            "tokens": spent,
        }

    def run(self) -> State:
        """The state after the last generation; it is kept after each, and in sweeps."""
        state, total = self.state(), self.settings["generations"]
        while state["generation"] < total:
            begun, newest = time.monotonic(), state["generation"] // RENEWED * RENEWED
            if len(state["sweeps"]) * RENEWED <= newest:
                self.gather(f"{newest}, to sweep", np.array(state["moved"]))
                state = self.keep(self.swept(state))
            self.gather(f"{newest}, swept", np.array(state["moved"]))
            state = self.keep(self.after(state))
            told = state["generation"], total, *state["history"][-1], time.monotonic() - begun
            log.info("generation %d of %d: parent %s, best child %s, %.1f s", *told)
        return state

    def compared(self, allocations: dict[str, np.ndarray]) -> list[float]:
        """The divergence of each allocation on the whole text, as its own cell has it."""
        every, ends = [*range(len(self.windows))], []
        for mark, moved in allocations.items():
            self.gather(mark, moved)
            ends += self.divergence.of([moved], every, self.windows.shape[1])
        return ends

    def tokens(self, state: State) -> dict[str, int]:
        """How many tokens went through the dense model and through pruned ones, for what."""
        gathered = 2 * len(state["sweeps"]) + 2 if self.way else 0
        return {
            "pruned": state["tokens"] + 2 * self.windows.numel(),
            "calibration": gathered * self.calibration[0].numel(),
            "dense": self.windows.numel(),
        }


def search_allocation(
    files: dict[str, str],
    settings: SearchSettings,
    pruning: PruneSettings,
    budget: float,
    outputs: tuple[str, str],
) -> None:
    """Write the ratios that were found, and a record of the way there and of what it cost.

    Args:
        files: "model" (provenance.json in its folder), "start" (the ratios to begin with),
            "validation" (frozen windows) and, if the method reads it, "calibration".
        settings: "sparsity", "population", "generations", "tokens", "levels", "seed", and "bounds"
            if there are some.
        pruning: "method", "within_block", "group_size" and "code", as prune_cell takes them.
        budget: bytes of hidden states that stay in memory.
        outputs: the CSV file of ratios and the JSON file of the record.
    """
    clock = Stopwatch()
    search = Search(files, settings, pruning, budget, outputs[0])
    # Each generation goes through the blocks many times: they would drown its own line.
    with uncounted():
        state = search.run()
        moved = np.array(state["moved"], dtype=np.int64)
        pair = {"start": np.zeros_like(moved), "found": moved}
        ends = dict(zip(pair, search.compared(pair), strict=True))
    # What won on parts of the text may lose on all of it.
    kept = "found" if ends["found"] < ends["start"] else "start"
    record = {
        "divergence": {name: finite(end) for name, end in ends.items()},
        "kept": kept,
        "generations": state["generation"],
        "history": state["history"],
        "sweeps": state["sweeps"],
        "tokens": search.tokens(state),
        "sha256": search.sums,
    }
    ratios = search.space.ratios(pair[kept]).tolist()
    write_ratios(outputs[0], search.sizes, ratios)
    write_json(outputs[1], {**record, **search.computed, **clock.usage()})
    search.parts.discard()
