"""config/errors.md, from the tables of bad inputs that the tests run.

To write it: PYTHONPATH=scripts:tests ./run python tests/support/errors_page.py > config/errors.md
"""

import json

from support import bad_hub
from support.bad_allocations import BAD_ALLOCATIONS
from support.bad_alphas import ALPHAS
from support.bad_inputs import CONFIG_FILES, DOCUMENTS, MODELS, NAMES
from support.bad_settings import BAD_MODELS, BAD_SHAPES, BAD_VALUES, HUB

SETTINGS = [
    *BAD_SHAPES,
    *BAD_MODELS,
    *(({"models": models}, line) for models, line in NAMES),
    *BAD_ALLOCATIONS,
    *BAD_VALUES,
]


def page() -> str:
    """config/errors.md."""

    def table(head: str, rows: list[tuple[str, str]]) -> list[str]:
        cells = ([part.replace("|", "\\|") for part in row] for row in rows)
        return [f"| {head} | line |", "|---|---|", *(f"| {a} | `{b}` |" for a, b in cells), ""]

    def flow(config: object) -> str:
        shown = json.dumps(config, ensure_ascii=False).replace(HUB["revision"], "0123…")
        return f"`{shown}`"

    text = """# What bad input gets

One line each, before any job starts or, where a model or data must be read first, from the job that
reads it (`…`: in a library's words). Nothing is executed, nothing is lost. This page is written and
held true by the tests (`tests/support/errors_page.py`).
"""
    return "\n".join(
        [
            text,
            "## Config files",
            "",
            "Named with `--configfile` to `./run`; the line begins with `config: FILE: `.",
            "",
            *table("file", [(name, line) for name, _, line in CONFIG_FILES]),
            "## Settings",
            "",
            "The line begins with `config: `. Where `models` is not shown, it is right.",
            "",
            *table("config", [(flow(config), line) for config, line in SETTINGS]),
            "## Models",
            "",
            "Of a local folder `m`, which is the model `a`; a model of the hub gets them all from "
            "`fetch_model`.",
            "",
            *table("folder", [(name, line) for name, _, line in MODELS]),
            "## Published alphas",
            "",
            "Of a file `a.npy` for a model of three blocks; the line begins with the job's name.",
            "",
            *table("file", [(name, line) for name, _, line in ALPHAS]),
            "## The hub",
            "",
            "The line begins with the job's name, for a model `models.NAME`, the repository and "
            "the revision. A run tries three times; files that came are kept.",
            "",
            *table("model", [(name, refusal.line) for name, refusal in bad_hub.MODELS.items()]),
            *table("data set", [(name, refusal.line) for name, refusal in bad_hub.TEXTS.items()]),
            "## Documents",
            "",
            "The line begins with the job's name.",
            "",
            *table("documents", [(name, line) for name, _, line in DOCUMENTS]),
        ]
    )


if __name__ == "__main__":
    print(page(), end="")
