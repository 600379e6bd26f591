"""The file of a pruned cell, which may have been deleted since the cell was pruned."""

import fcntl
import importlib
import logging
from pathlib import Path

import torch

from heavytail.io.files import read_json, scratch, sha256
from heavytail.running.wholeness import require_whole

log = logging.getLogger(__name__)


def artifact_file(origin: str | None, budget: float = float("inf")) -> str | None:
    """The artifact of a cell, pruned again where it was deleted; None for a dense model.

    Of several jobs that need it at once, one prunes and the others wait.

    Args:
        origin: …/{cell}.origin.json beside {cell}.safetensors: what prune_cell was given.
        budget: bytes of hidden states that stay in memory.

    Raises:
        ValueError: the artifact is not whole; it is deleted, so that it is pruned again. Or it was
            deleted, and would be another now: its inputs changed, or what computes it.
    """
    if not origin:
        return None
    artifact = Path(origin.removesuffix(".origin.json") + ".safetensors")
    # Not every shared file system has locks.
    if not artifact.is_file():
        # A shared file system wants a file that is open for writing before it locks it for one job.
        with open(origin, "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not artifact.is_file():
                log.info("%s was deleted: pruned again", artifact)
                _prune(origin, artifact, budget)
    require_whole([str(artifact)])
    return str(artifact)


def _prune(path: str, artifact: Path, budget: float) -> None:
    origin = read_json(path)
    inputs, computed = origin["inputs"], origin["computed"]
    for name, recorded in origin["sha256"].items():
        _require_same(path, inputs[name], recorded, sha256(inputs[name]))
    # By name: how a cell is pruned is a matter of its settings, not of who reads it.
    script = importlib.import_module("prune_cell")
    threads = torch.get_num_threads()
    torch.set_num_threads(computed["threads"])
    dense = script.open_model(inputs["model"])
    found = script.computed_by(dense.device, dense.dtype)
    for name, recorded in computed.items():
        _require_same(path, name, recorded, found[name])
    sources = [inputs.get(name) for name in ("model", "ratios", "calibration")]
    with scratch(artifact) as folder:
        outputs = (str(artifact), str(folder / "record.json"))
        script.prune_cell(*sources, origin["settings"], budget, outputs)
    torch.set_num_threads(threads)


def _require_same(origin: str, what: str, recorded: object, found: object) -> None:
    if recorded != found:
        raise ValueError(
            f"{what}: {found}, but the deleted artifact was pruned with {recorded}; delete "
            f"{origin} to have the cell pruned and measured anew"
        )
