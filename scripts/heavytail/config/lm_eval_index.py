"""Which tasks the installed lm-eval has, without importing it (standard library: parse time)."""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

# A task's file has its name in one line; that of a group has a list below `task:`.
NAMED = re.compile(r"""^(task|group): *["']?([\w.-]+)["']? *(?:#.*)?$""", re.MULTILINE)


@cache
def index() -> tuple[dict[str, str], set[str]]:
    """(task → its folder below lm_eval/tasks, groups); empty if lm-eval is not installed here."""
    spec = find_spec("lm_eval")
    if spec is None or not spec.submodule_search_locations:
        return {}, set()
    root = Path(spec.submodule_search_locations[0], "tasks")
    folders: dict[str, str] = {}
    groups: set[str] = set()
    for path in sorted(root.rglob("*.yaml")):
        for kind, name in NAMED.findall(path.read_text(encoding="utf-8")):
            if kind == "group":
                groups.add(name)
            else:
                folders.setdefault(name, path.parent.relative_to(root).as_posix())
    return folders, groups
