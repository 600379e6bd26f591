"""Files and models that a config names, in the folders where they are looked up (parse time).

Without folders, paths stay as the config says them and nothing is looked up: a job on another
machine has its inputs, and not what the config names.
"""

import os
from collections.abc import Callable
from pathlib import Path

from heavytail.config.mistakes import fail
from heavytail.config.model_folder import check_settings

# The workflow writes models into this folder below the working directory, and may replace what
# lies there.
WRITTEN = ("results", "models")


def found_file(
    where: tuple[str, ...],
    path: str,
    folders: list[Path],
    read: Callable[[Path], object] = Path.stat,
) -> str:
    """The path of a file in the first of the folders that has it; fails if `read` fails."""
    if not folders:
        return path
    home = next((folder for folder in folders if (folder / path).is_file()), None)
    if home is None:
        fail(where, f": file {path!r} does not exist")
    try:
        read(home / path)
    except ValueError as error:
        fail(where, f": {error}")
    return str(Path(path) if home == folders[0] else home / path)


def found_model(where: tuple[str, ...], path: str, folders: list[Path], weightless: bool) -> str:
    """The path of a local model, found in the same way; a weightless one needs only config.json."""
    if not folders:
        return path
    home = next((folder for folder in folders if os.path.isdir(folder / path)), None)
    if home is None:
        fail(where, f": folder {path!r} does not exist")
    if not (home / path / "config.json").is_file():
        fail(where, f": {path!r} has no config.json")
    if not weightless and not any((home / path).glob("*.safetensors")):
        has_pickles = any((home / path).glob("*.bin"))
        pickles = ", only pickles, which are never read" if has_pickles else ""
        fail(where, f": {path!r} has no *.safetensors file{pickles}")
    if (home / path).resolve().is_relative_to(Path(folders[0], *WRITTEN).resolve()):
        fail(where, f": {path!r} lies in a folder that the workflow writes itself")
    try:
        check_settings(home / path)
    except ValueError as error:
        fail(where, f": {error}")
    return str(Path(path) if home == folders[0] else home / path)
