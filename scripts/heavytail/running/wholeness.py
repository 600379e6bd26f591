"""Find inputs of a job that are cut short, for example by a crash, and have them made again.

The files of a model that came as a folder of their own are put where all code looks for them.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from uuid import uuid4


def require_whole(inputs: Iterable[str]) -> None:
    """Check a job's safetensors inputs, and those of a model beside its provenance.json.

    Raises ValueError for a file that is not whole. The file itself, or the model's provenance.json,
    is deleted first, so that the next run makes it again.
    """
    _place_model(dict(inputs.items()) if hasattr(inputs, "items") else {})
    for path in map(Path, inputs):
        model = path.name == "provenance.json"
        for file in path.parent.glob("*.safetensors") if model else [path]:
            if file.suffix == ".safetensors" and (fault := _fault(file)):
                path.unlink()
                raise ValueError(
                    f"{file}: not a whole safetensors file ({fault}); {path.name} was deleted, "
                    "and the next run makes it again"
                )


def _place_model(inputs: Mapping[str, str]) -> None:
    """Link the files in the folder `weights` beside the provenance.json `model`.

    They are symbolic links, so that nothing of a model stays on a machine from which Snakemake has
    removed the folder. A link of an earlier job that leads nowhere is removed.
    """
    if not inputs.get("weights"):
        return
    folder, weights = Path(inputs["model"]).parent, Path(inputs["weights"])
    found = weights.rglob("[!.]*")
    files = [file for file in found if file.is_file()]
    wanted = {folder / file.relative_to(weights): os.path.abspath(file) for file in files}
    for link in folder.rglob("*"):
        if link.is_symlink() and link not in wanted:
            link.unlink(missing_ok=True)
    for link, file in wanted.items():
        if not (link.is_symlink() and os.readlink(link) == file):
            link.parent.mkdir(parents=True, exist_ok=True)
            # Another job of this machine may do the same.
            part = link.with_name(f".{link.name}.{uuid4().hex[:8]}.part")
            part.symlink_to(file)
            part.replace(link)


def _fault(file: Path) -> str | None:
    """What is wrong with a safetensors file."""
    # Imported here: jobs that write tables have no such inputs, nor the library.
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy"):
            return None
    except SafetensorError as error:
        return str(error)
