"""Which files of a Hugging Face folder make up a model (standard library only: parse time)."""

from pathlib import Path

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
