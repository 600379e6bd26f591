"""Inputs of a job that were cut short, by a crash or a hand, are told and made again."""

from collections.abc import Iterable
from pathlib import Path

from safetensors import SafetensorError, safe_open


def require_whole(inputs: Iterable[str]) -> None:
    """Check the safetensors among a job's inputs, and those of a model beside provenance.json.

    Raises ValueError for a file that is not whole. What stands for it is deleted first, the file
    itself or the model's provenance.json, so that the next run makes it again.
    """
    for path in map(Path, inputs):
        model = path.name == "provenance.json"
        for file in path.parent.glob("*.safetensors") if model else [path]:
            if file.suffix != ".safetensors":
                continue
            try:
                with safe_open(file, framework="numpy"):
                    pass
            except SafetensorError as error:
                path.unlink()
                raise ValueError(
                    f"{file}: not a whole safetensors file ({error}); {path.name} was deleted, "
                    "the next run makes it again"
                ) from error
