"""Which tasks, groups and tags of lm-eval a folder has, without reading all of its YAML.

Nothing of lm-eval is imported (standard library only: parse time). The files are read in lm-eval's
order, and of two that have a name the first counts, as it does there.
"""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

# The key and what stands behind it; a list below the key, or one in brackets.
KEY = re.compile(
    r"""^["']?(task|group|tag|include|class)["']?:([^\n]*(?:\n[ \t]*-[^\n]*)*)""", re.MULTILINE
)
NAME = re.compile(r"""[^\s"',\[\]#-][^\s"',\[\]#]*""")
COMMENT = re.compile(r"(?:^|\s)#[^\n]*")


class Index(NamedTuple):
    """Names → the file of a task, relative to the folder; likewise of a group; a tag's tasks.

    `classes` are tasks that lm-eval has as classes of Python.
    """

    tasks: dict[str, str]
    groups: dict[str, str]
    tags: dict[str, list[str]]
    classes: frozenset[str]


def package() -> Path | None:
    """The folder of lm-eval's tasks; None if lm-eval is not installed here."""
    spec = find_spec("lm_eval")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0], "tasks")


@cache
def index(root: Path, pattern: str = "**/*.yaml") -> Index:
    """What the YAML files below a folder are."""
    found = Index({}, {}, {}, frozenset())
    classes = set()
    for path in sorted(root.glob(pattern), key=Path.as_posix):
        keys = _keys(path)
        name = next(iter(keys.get("task", [])), "")
        file = path.relative_to(root).as_posix()
        if "class" in keys:
            classes.add(name)
        elif "group" in keys:
            found.groups.setdefault(keys["group"][0], file)
        elif name and name not in found.tasks:
            found.tasks[name] = file
            for tag in _tags(path, keys):
                found.tags.setdefault(tag, []).append(name)
    return found._replace(classes=frozenset(classes))


@cache
def _keys(path: Path) -> dict[str, list[str]]:
    """What a file says of its name, its tags and the files that it includes."""
    text = path.read_text(encoding="utf-8")
    return {key: NAME.findall(COMMENT.sub("", value)) for key, value in KEY.findall(text)}


def _tags(path: Path, keys: dict[str, list[str]]) -> list[str]:
    """The tags of a task, or those that it takes from the last file that it includes."""
    if "tag" in keys:
        return keys["tag"]
    included = [path.parent / name for name in keys.get("include", [])]
    found = (_tags(file, _keys(file)) for file in reversed(included) if file.is_file())
    return next((tags for tags in found if tags), [])
