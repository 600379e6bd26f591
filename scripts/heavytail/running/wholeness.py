"""Find inputs of a job that are cut short, for example by a crash, and have them made again."""

from collections.abc import Iterable
from pathlib import Path


def require_whole(inputs: Iterable[str]) -> None:
    """Check a job's safetensors inputs, and those of a model beside its provenance.json.

    Raises ValueError for a file that is not whole. The file itself, or the model's provenance.json,
    is deleted first, so that the next run makes it again.
    """
    for path in map(Path, inputs):
        model = path.name == "provenance.json"
        for file in path.parent.glob("*.safetensors") if model else [path]:
            if file.suffix == ".safetensors" and (fault := _fault(file)):
                path.unlink()
                raise ValueError(
                    f"{file}: not a whole safetensors file ({fault}); {path.name} was deleted, "
                    "and the next run makes it again"
                )


def _fault(file: Path) -> str | None:
    """What is wrong with a safetensors file."""
    # Imported here: jobs that write tables have no such inputs, nor the library.
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy"):
            return None
    except SafetensorError as error:
        return str(error)
