"""Write and read `{cell}.origin.json`, which says what a cell was pruned from.

A job that reads an artifact depends on this file and not on the artifact. So the artifact may be
deleted: the job prunes the cell again and gets the same bytes. The file holds {"key": the same
whenever the cell would be the same; "inputs": name → path; "sha256": name → SHA-256 of that file;
"settings": how the cell was pruned; "computed": the device, dtype, threads and versions}.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from heavytail.io.files import read_json, scratch, sha256, write_json
from heavytail.pruning.settings import PruneSettings
from heavytail.running.wholeness import require_whole

# The libraries that compute are imported where they are needed: a job whose cell was pruned before
# only writes this file.
if TYPE_CHECKING:
    from heavytail.pruning.artifact import Artifact

log = logging.getLogger(__name__)
ENDING = ".origin.json"
INPUTS = ("model", "ratios", "calibration")


def write_origin(path: str, inputs: dict[str, str], settings: PruneSettings, record: str) -> None:
    """Write the origin of a cell.

    Args:
        path: …/{cell}.origin.json.
        inputs: the paths of "model", "ratios" and, if the method reads it, "calibration".
        settings: as `prune_cell` takes them.
        record: the record of the cell, which says what computed it.
    """
    found = read_json(record)
    computed = {name: found[name] for name in ("device", "dtype", "threads", "versions")}
    inputs = {name: inputs[name] for name in INPUTS if inputs.get(name)}
    sums = {name: sha256(file) for name, file in inputs.items()}
    decisive = json.dumps([sums, settings, computed], sort_keys=True)
    key = hashlib.sha256(decisive.encode()).hexdigest()
    origin = {"key": key, "inputs": inputs, "sha256": sums, "settings": settings}
    write_json(path, origin | {"computed": computed})


@contextmanager
def opened(
    origin: str | None, aside: str | None = None, budget: float = float("inf")
) -> Iterator[Artifact | None]:
    """The artifact of a cell; None for a dense model. A deleted artifact is pruned again first.

    If several jobs need a deleted artifact at once, one job prunes it and the others wait.

    Args:
        origin: the origin of the cell, beside {cell}.safetensors.
        aside: the output of a job. A deleted artifact is made beside it, only for this job, and is
            deleted after the block. If None, the artifact is put back where it was.
        budget: bytes of hidden states that stay in memory.

    Raises:
        ValueError: the artifact is not whole; it is deleted, so that the next run prunes it again.
            Or it was deleted and would be another now, because its inputs or what computes it have
            changed.
    """
    from heavytail.pruning.artifact import Artifact

    if not origin:
        yield None
        return
    artifact = Path(origin.removesuffix(ENDING) + ".safetensors")
    if aside and not artifact.is_file():
        with scratch(f"{aside}.pruned") as folder:
            _prune_again(origin, folder / artifact.name, budget)
            yield Artifact(folder / artifact.name)
        return
    # Lock only if it is necessary: not every shared file system has locks.
    if not artifact.is_file():
        # A shared file system locks a file for one job only if the file is open for writing.
        with open(origin, "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not artifact.is_file():
                log.info("%s was deleted: pruning it again", artifact)
                _prune_again(origin, artifact, budget)
    require_whole([str(artifact)])
    yield Artifact(artifact)


def _prune_again(path: str, artifact: Path, budget: float) -> None:
    """Prune the cell of an origin into a file; raises ValueError if it would be another now."""
    import torch

    # Imported by name: the digest of a reader must not contain the code that prunes.
    cell = importlib.import_module("heavytail.pruning.cell")
    origin = read_json(path)
    inputs, computed = origin["inputs"], origin["computed"]
    for name, recorded in origin["sha256"].items():
        _require_same(path, inputs[name], recorded, sha256(inputs[name]))
    threads = torch.get_num_threads()
    torch.set_num_threads(computed["threads"])
    found: Mapping[str, object] = cell.computed_of(inputs["model"])
    for name, recorded in computed.items():
        _require_same(path, name, recorded, found[name])
    sources = [inputs.get(name) for name in INPUTS]
    with scratch(artifact) as folder:
        outputs = (str(artifact), str(folder / "record.json"))
        cell.prune_cell(*sources, origin["settings"], budget, outputs)
    torch.set_num_threads(threads)


def _require_same(origin: str, what: str, recorded: object, found: object) -> None:
    if recorded != found:
        raise ValueError(
            f"{what}: found {found}, but the deleted artifact was pruned with {recorded}; delete "
            f"{origin} to have the cell pruned and measured again"
        )
