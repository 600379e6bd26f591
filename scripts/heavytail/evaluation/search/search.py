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


class State(TypedDict):
    """All that a generation takes over from those before it.

    Attributes:
        generation: how many are finished.
        moved: of each matrix, how many weights more than at first go.
        history: [divergence of the parent, of the best child] of each generation, on its text.
        sweeps: [divergence of the parent, of the best step] of each sweep, on its text.
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
        self.divergence.read([*self.texts, (len(self.windows), self.windows.shape[1])])

    def _text(self, tokens: int) -> tuple[int, int]:
        """How many windows have so many tokens, and how much of each is read."""
        length = min(tokens, self.windows.shape[1])
        return tokens // length, length

    def gather(self, mark: str, moved: np.ndarray) -> None:
        """Let matrices be pruned for the inputs that they have in the cell of an allocation."""
        told = zip(moved.tolist(), self.space.ratios(moved).tolist(), strict=True)
        allocation = dict(zip(self.sizes, told, strict=True))
        self.levels.gather(mark, allocation, self.way, self.calibration)

    def state(self) -> State:
        """That of the last finished generation."""
        file = self.parts.folder / "state.json"
        if file.is_file():
            found = read_json(file)
            told = found["generation"], self.settings["generations"]
            log.info("generation %d of %d: it was finished before", *told)
            return cast(State, found)
        first = {"generation": 0, "moved": [0] * len(self.sizes), "tokens": 0}
        return cast(State, {**first, "history": [], "sweeps": [], "probed": []})

    def keep(self, state: State) -> State:
        """The same state, when it is on the disk and matrices that it does not have are gone."""
        write_json(self.parts.folder / "state.json", state)
        self.levels.trim(dict(zip(self.sizes, state["moved"], strict=True)))
        return state

    def drawn(self, text: tuple[int, int], random: np.random.Generator) -> list[int]:
        """The windows of a text of that size."""
        return random.choice(len(self.windows), text[0], replace=False).tolist()

    def losses(
        self, allocations: Iterable[np.ndarray], drawn: list[int], length: int
    ) -> list[float]:
        """Their divergences; what is not a number is as bad as can be."""
        found = self.divergence.of([*allocations], drawn, length)
        return [math.inf if math.isnan(loss) else loss for loss in found]

    def swept(self, state: State) -> State:
        """The state after a sweep: the parent moved by what a level more costs in each matrix.

        The probes read the text of the first round and the steps that of the last one. A probe
        keeps its place in the state, so that a killed sweep goes on.
        """
        random = np.random.default_rng([self.settings["seed"], state["generation"], len(STEPS)])
        parent = np.array(state["moved"], dtype=np.int64)
        places, amounts = self.space.probes(parent, random)
        probes = np.tile(parent, (len(places), 1))
        probes[np.arange(len(places)), places] += amounts
        tried, (windows, length) = [parent, *probes], self.texts[0]
        drawn = self.drawn(self.texts[0], random)
        while (done := len(state["probed"])) < len(tried):
            some = tried[done : done + self.settings["population"]]
            probed = [*state["probed"], *map(finite, self.losses(some, drawn, length))]
            spent = state["tokens"] + len(some) * windows * length
            state = self.keep({**state, "probed": probed, "tokens": spent})
            log.info("probe %d of %d", len(probed) - 1, len(probes))
        start, *ends = np.array(state["probed"], dtype=float)
        costs = (np.array(ends) - start) / amounts
        steps = [parent, *(self.space.step(parent, places, costs, levels) for levels in STEPS)]
        (windows, length), drawn = self.texts[-1], self.drawn(self.texts[-1], random)
        # One at a time: they have nothing in common.
        losses = [loss for one in steps for loss in self.losses([one], drawn, length)]
        best = losses.index(min(losses))
        told = [finite(losses[0]), finite(min(losses[1:]))]
        log.info("steps of %s levels: %s, without one %s", STEPS, losses[1:], losses[0])
        return {
            **state,
            "moved": steps[best].tolist(),
            "sweeps": [*state["sweeps"], told],
            "probed": [],
            "tokens": state["tokens"] + len(steps) * windows * length,
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
            losses = self.losses(left, self.drawn(text, random), text[1])
            spent += len(left) * text[0] * text[1]
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
        """The state after the last generation; each is written to disk when it is finished."""
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
