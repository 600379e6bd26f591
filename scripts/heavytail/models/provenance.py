"""Bring a model into a folder, check it, and record its files and where it came from."""

import os
import shutil
from pathlib import Path
from typing import Any

from heavytail.config.model_folder import DUPLICATES, PATTERNS, check_settings, model_files
from heavytail.io.files import sha256
from heavytail.io.hub import asked, listing, require_as_listed
from heavytail.models.architecture import check_config, parameter_shapes, unusable
from heavytail.models.checkpoint import Checkpoint


def link_folder(source: Path, target: Path) -> None:
    """Make `target` a folder of hard links, or copies across file systems, to a model's files."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in model_files(source):
        linked = target / path.name
        try:
            os.link(path.resolve(), linked)
        except OSError:
            shutil.copyfile(path, linked)


def download(hub: str, revision: str, target: Path) -> None:
    """Download one revision of a hub model into `target`, which has the model's name in the config.

    Files that an earlier attempt fetched are kept. Files of another model or revision are deleted
    first.

    Raises FetchError if the hub does not deliver, or delivers other files than it lists.
    """
    marker, source = target / ".source", f"{hub} {revision}"
    if not marker.exists() or marker.read_text() != source:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        marker.write_text(source)
    what = f"models.{target.name}: {hub} at {revision}"
    with asked(what) as api:
        # Without a hub, the download would accept whatever files are in the folder.
        listed = listing(api, hub, revision=revision)
        api.snapshot_download(
            hub,
            revision=revision,
            local_dir=target,
            allow_patterns=list(PATTERNS),
            ignore_patterns=list(DUPLICATES),
        )
        for path in model_files(target):
            require_as_listed(listed[path.name], path, what)


def expected_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Tensor name → shape of each parameter of a model with this configuration.

    Raises ValueError if transformers cannot make a model of it, or cannot read the tokenizer.
    """
    from transformers import AutoTokenizer

    shapes = parameter_shapes(folder)
    try:
        AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    # On a broken file the library may raise any error.
    except Exception as error:
        raise unusable(folder, "tokenizer", error) from error
    return shapes


def record(folder: Path, source: str, revision: str | None) -> dict[str, Any]:
    """Check a model's folder and describe it: source, revision, SHA-256 per file.

    Raises FileNotFoundError or ValueError if the folder is not a whole model of a supported family
    that the installed libraries can use.
    """
    check_settings(folder)
    checkpoint = Checkpoint(folder)
    check_config(folder, checkpoint.config)
    blocks = range(checkpoint.config["num_hidden_layers"])
    names = [checkpoint.weight_name(b, p) for b in blocks for p in checkpoint.slices]
    shapes = expected_shapes(folder)
    for name in dict.fromkeys(names):
        found, expected = checkpoint.shape(name), shapes.get(name)
        if expected not in (None, found):
            raise ValueError(f"{folder}: {name}: found shape {found}, expected {expected}")
    return {
        "source": source,
        "revision": revision,
        "files": {path.name: sha256(path) for path in model_files(folder)},
    }
