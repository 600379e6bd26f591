"""The file of a pruned cell, which may have been deleted since the cell was pruned."""

import fcntl
import importlib
import logging
from pathlib import Path

import torch

from heavytail.files import read_json, scratch
from heavytail.wholeness import require_whole

log = logging.getLogger(__name__)
# Of the rule that prunes: the number decides the last bits.
THREADS = 1


def artifact_file(origin: str | None, budget: float = float("inf")) -> str | None:
    """The artifact of a cell, pruned again where it was deleted; None for a dense model.

    Of several jobs that need it at once, one prunes and the others wait.

    Args:
        origin: …/{cell}.origin.json beside {cell}.safetensors: what prune_cell was given.
        budget: bytes of hidden states that stay in memory.

    Raises:
        ValueError: the artifact is not whole; it is deleted, so that it is pruned again.
    """
    if not origin:
        return None
    artifact = Path(origin.removesuffix(".origin.json") + ".safetensors")
    # A shared file system wants a file that is open for writing before it locks it for one job.
    with open(origin, "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if artifact.is_file():
            require_whole([str(artifact)])
        else:
            log.info("%s was deleted: pruned again", artifact)
            _prune(read_json(origin), artifact, budget)
    return str(artifact)


def _prune(origin: dict, artifact: Path, budget: float) -> None:
    # By name: how a cell is pruned is a matter of its settings, not of who reads it.
    script = importlib.import_module("prune_cell")
    sources = [origin["inputs"].get(name) for name in ("model", "ratios", "calibration")]
    threads = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    with scratch(artifact) as folder:
        outputs = (str(artifact), str(folder / "record.json"))
        script.prune_cell(*sources, origin["settings"], budget, outputs)
    torch.set_num_threads(threads)
