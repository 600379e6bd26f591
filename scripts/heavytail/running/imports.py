"""Spares a job what its libraries import for uses that it has not (standard library only)."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial, wraps
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

# Library → what it asks for while it is imported, but needs for other models than those of text.
# Transformers remembers the answer. SciPy is for the losses of models that find things in pictures.
HIDDEN = {"transformers": ("scipy",)}

# What reads the 3,000 files of transformers' models, once for a folder by its path and once more by
# its __init__.py, for 0.2 s of CPU time each. It remembers the answer of the first.
LISTING = ("transformers.utils.import_utils", "create_import_structure_from_path")


@contextmanager
def hidden(names: Sequence[str]) -> Iterator[None]:
    """Let Python find no packages of these names; those that are imported stay."""
    absent = [name for name in names if name not in sys.modules]
    # As Python's documentation says of sys.modules: None means that there is no such module.
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


class SparingFinder(MetaPathFinder):
    """Finds the libraries of HIDDEN where Python does, and hides the packages from them."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where a library is; None for all other modules."""
        spec = PathFinder.find_spec(name, path, target) if name in HIDDEN else None
        if spec and spec.loader:
            loaded = partial(_load, spec.loader.exec_module, HIDDEN[name])
            spec.loader.exec_module = loaded  # type: ignore[method-assign]
        return spec


def _load(load: Any, names: Sequence[str], module: ModuleType) -> None:
    """Load a library while packages of these names are hidden, and let it list its files once."""
    with hidden(names):
        load(module)
    # A release that lacks the function does not do so.
    with suppress(ImportError, AttributeError):
        list_once(import_module(LISTING[0]))


def list_once(utilities: ModuleType) -> None:
    """Let transformers list a folder that is named by its __init__.py by the folder's path."""
    listing = getattr(utilities, LISTING[1])

    @wraps(listing)
    def listed(path: str | Path) -> Any:
        return listing(Path(path).parent if str(path).endswith("__init__.py") else path)

    setattr(utilities, LISTING[1], listed)


def spare() -> None:
    """Let libraries that are imported from now on do without what jobs do not need."""
    if not any(isinstance(finder, SparingFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, SparingFinder())
