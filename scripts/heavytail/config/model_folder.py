"""The files of a Hugging Face folder that make up a model (standard library only: parse time)."""

import json
from pathlib import Path
from typing import Any, NoReturn

# Weights in safetensors, the configuration and the tokenizer. No pickle and no code is ever read.
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
# The same weights again, in other forms.
DUPLICATES = ("*/*", "consolidated*")


def model_files(folder: str | Path) -> list[Path]:
    """The model's files in a folder, sorted by name, without those of subfolders."""
    found = {path for pattern in PATTERNS for path in Path(folder).glob(pattern)}
    copies = {path for path in found if path.match(DUPLICATES[1])}
    return sorted(path for path in found - copies if path.is_file())


def read_settings(path: Path) -> dict[str, Any]:
    """Read one of the JSON files of a model's folder.

    Raises ValueError, which names the file, if it is not a JSON object, or holds NaN or Infinity.
    """

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"found {constant}, expected a number")

    try:
        found = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not JSON ({error})") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path}: found {type(found).__name__}, expected an object")
    return found


def check_settings(folder: str | Path) -> None:
    """Raise ValueError if the settings of a model cannot be read, or ask for code of their own."""
    for path in (Path(folder, name) for name in ("config.json", "tokenizer_config.json")):
        if path.exists() and "auto_map" in read_settings(path):
            raise ValueError(
                f"{path}: auto_map: found code that comes with the model, which is never run; "
                "expected a model that the installed transformers has"
            )
