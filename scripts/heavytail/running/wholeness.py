"""Find inputs of a job that are cut short, for example by a crash, and have them made again."""

from collections.abc import Iterable
from pathlib import Path

from safetensors import SafetensorError, safe_open


def require_whole(inputs: Iterable[str]) -> None:
    """Check a job's safetensors inputs, and those of a model beside its provenance.json.

    Raises ValueError for a file that is not whole. The file itself, or the model's provenance.json,
    is deleted first, so that the next run makes it again.
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
                    "and the next run makes it again"
                ) from error
