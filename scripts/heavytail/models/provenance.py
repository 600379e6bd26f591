"""Bring a model into a folder, check it, and record its files and where it came from."""

import os
import shutil
from glob import escape
from pathlib import Path
from typing import Any

from heavytail.config.model_folder import is_part, model_files, named, read_settings
from heavytail.io.files import sha256
from heavytail.io.hub import asked, listing, require_as_listed
from heavytail.models.folder import check_folder
from heavytail.models.found import keep
from heavytail.models.layout import family_of, has_module


def link_folder(source: Path, target: Path) -> None:
    """Make `target` a folder of hard links, or copies across file systems, to a model's files."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in model_files(source):
        linked = target / named(path, source)
        linked.parent.mkdir(exist_ok=True)
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
        listed = listing(api, hub, revision=revision, recursive=True)
        names = [escape(name) for name in listed if is_part(name)]
        api.snapshot_download(hub, revision=revision, local_dir=target, allow_patterns=names)
        for path in model_files(target):
            require_as_listed(listed[named(path, target)], path, what)


def record(folder: Path, source: str, revision: str | None) -> dict[str, Any]:
    """Check a model's folder and describe it: source, revision, SHA-256 per file.

    A layout that had to be found is kept in the folder.

    Raises FileNotFoundError or ValueError as `check_folder`.
    """
    check_folder(folder)
    config = read_settings(folder / "config.json")
    if not has_module(config):
        keep(folder, config, family_of(config))
    return {
        "source": source,
        "revision": revision,
        "files": {named(path, folder): sha256(path) for path in model_files(folder)},
    }
