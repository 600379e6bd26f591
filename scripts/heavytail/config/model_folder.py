"""Which files of a Hugging Face folder make up a model (standard library only: parse time)."""

import json
from pathlib import Path
from typing import Any, NoReturn

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
# Weights once more, in other forms.
DUPLICATES = ("*/*", "consolidated*")


def model_files(folder: str | Path) -> list[Path]:
    """The model's files in a folder, sorted by name; not those of its subfolders."""
    found = {path for pattern in PATTERNS for path in Path(folder).glob(pattern)}
    copies = {path for path in found if path.match(DUPLICATES[1])}
    return sorted(path for path in found - copies if path.is_file())


def read_settings(path: Path) -> dict[str, Any]:
    """One of a model folder's JSON files.

    Raises ValueError, naming the file, when it is no JSON object or holds what JSON has not (NaN).
    """

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is no number")

    try:
        found = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not JSON ({error})") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path}: found {type(found).__name__}, expected an object")
    return found


def check_settings(folder: str | Path) -> None:
    """Raise ValueError when a model's settings cannot be read or ask for code of its own."""
    for path in (Path(folder, name) for name in ("config.json", "tokenizer_config.json")):
        if path.exists() and "auto_map" in read_settings(path):
            raise ValueError(
                f"{path}: auto_map: found code of the model's own, which is never run; expected a "
                "model that the installed transformers knows"
            )
