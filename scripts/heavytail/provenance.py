"""What a model folder consists of and where it came from."""

import logging
import os
import shutil
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

from heavytail.checkpoint import Checkpoint
from heavytail.families import matrices
from heavytail.files import sha256

# Weights in safetensors, configuration and tokenizer; never pickles, never code.
PATTERNS = (
    "*.safetensors",
    "model.safetensors.index.json",
    "config.json",
    "generation_config.json",
    "tokenizer*",
    "special_tokens_map.json",
    "vocab.json",
    "merges.txt",
)

log = logging.getLogger(__name__)


class FetchError(RuntimeError):
    """A model cannot be had; the message says why and what would help, in one line."""


def link_folder(source: Path, target: Path) -> None:
    """Make `target` a model folder of hard links, or copies across file systems, to `source`.

    Replaced files are first removed, so that a link is never written through.
    """
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted({p for pattern in PATTERNS for p in source.glob(pattern) if p.is_file()}):
        place = target / path.name
        place.unlink(missing_ok=True)
        try:
            os.link(path.resolve(), place)
        except OSError:
            shutil.copyfile(path, place)


def download(hub: str, revision: str, target: Path) -> None:
    """Download one revision of a model of the hub; what an earlier try left is resumed.

    Raises FetchError when the hub cannot be reached or refuses.
    """
    try:
        snapshot_download(hub, revision=revision, local_dir=target, allow_patterns=list(PATTERNS))
    except GatedRepoError as error:
        raise FetchError(
            f"{hub}: access is restricted; accept its licence on the hub and set HF_TOKEN"
        ) from error
    except RepositoryNotFoundError as error:
        raise FetchError(f"{hub}: not on the hub, or private and HF_TOKEN is not set") from error
    except (HfHubHTTPError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise FetchError(f"{hub} at {revision}: the hub did not deliver it ({reason})") from error


def record(folder: Path, source: str, revision: str | None) -> dict:
    """Check a model folder and describe it: source, revision, SHA-256 per file.

    Raises FileNotFoundError, ValueError or KeyError when the folder is not a whole model of a
    supported family.
    """
    checkpoint = Checkpoint(folder)
    for _block, _projection, name in matrices(checkpoint):
        if name not in checkpoint:
            raise KeyError(f"{folder} has no tensor {name}")
    kept = sorted({p for pattern in PATTERNS for p in folder.glob(pattern)})
    return {
        "source": source,
        "revision": revision,
        "files": {path.name: sha256(path) for path in kept},
    }
