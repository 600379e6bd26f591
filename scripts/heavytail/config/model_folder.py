"""The files of a Hugging Face folder that make up a model (standard library only: parse time)."""

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NoReturn

# Weights in safetensors, the configuration, and everything that the tokenizers of transformers read
# or that belongs to them. No pickle and no code is ever read.
PATTERNS = (
    "*.safetensors",
    "model.safetensors.index.json",
    "config.json",
    "generation_config.json",
    # What turns images and sounds into what a model of more than text reads.
    "*processor_config.json",
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template*",
    "vocab*",
    "merges.txt",
    "*.model",
    "*.tiktoken",
    # Its weights would change the model: a folder that has it is refused.
    "adapter_config.json",
)
# The only subfolder that counts: chat templates beside the main one.
TEMPLATES = "additional_chat_templates"
# The same weights again, in another form.
COPIES = "consolidated*"


def is_part(name: str) -> bool:
    """Whether a file, by its path in a folder or repository, is one of the model's."""
    folder, _, file = name.rpartition("/")
    if folder:
        return folder == TEMPLATES and fnmatchcase(file, "*.jinja")
    return any(fnmatchcase(file, p) for p in PATTERNS) and not fnmatchcase(file, COPIES)


def model_files(folder: str | Path) -> list[Path]:
    """The model's files in a folder, sorted by name."""
    found = (*Path(folder).glob("*"), *Path(folder).glob(f"{TEMPLATES}/*"))
    return sorted(path for path in found if is_part(named(path, folder)) and path.is_file())


def named(path: Path, folder: str | Path) -> str:
    """The name of one of a model's files, as the hub gives it."""
    return path.relative_to(folder).as_posix()


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
    """Raise ValueError if settings of a model cannot be read, ask for code, or name an adapter."""
    if Path(folder, "adapter_config.json").exists():
        raise ValueError(
            f"{folder}/adapter_config.json: found an adapter beside the weights, expected one "
            "model: merge the adapter into them"
        )
    for path in (Path(folder, name) for name in ("config.json", "tokenizer_config.json")):
        if path.exists() and "auto_map" in read_settings(path):
            raise ValueError(
                f"{path}: auto_map: found code that comes with the model, which is never run; "
                "expected a model that the installed transformers has"
            )
