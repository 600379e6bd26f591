"""Makes config/errors.md from the tables of bad inputs that the tests run.

It prints the page: PYTHONPATH=scripts:tests ./run python tests/support/errors_page.py
"""

import json

from support import bad_hub
from support.bad_allocations import BAD_ALLOCATIONS
from support.bad_alphas import ALPHAS
from support.bad_given import GIVEN, UNREACHABLE
from support.bad_inputs import CONFIG_FILES, DOCUMENTS, MODELS, NAMES
from support.bad_models import BAD_MODELS
from support.bad_searches import BAD_SEARCHES
from support.bad_settings import BAD_SHAPES, BAD_VALUES, HUB
from support.bad_tasks import BAD_TASKS
from support.bad_texts import BAD_FILES, BAD_TEXTS

SETTINGS = [
    *BAD_SHAPES,
    *BAD_MODELS,
    *(({"models": models}, line) for models, line in NAMES),
    *BAD_ALLOCATIONS,
    *BAD_SEARCHES,
    *BAD_VALUES,
    *BAD_TEXTS,
]
# What tests/workflow/test_memory.py gets.
TOO_LARGE = (
    "memory: {model}: {rule} needs {need} MB, found {limit} MB for jobs, of {total} MB that there "
    "are: leave it out or, if you know better, add --set-resources {rule}:mem_mb={limit}"
)
NAMES_IN_IT = {"model": "MODEL", "rule": "RULE", "need": "N", "limit": "M", "total": "T"}


def page() -> str:
    """The text of config/errors.md."""

    def table(head: str, rows: list[tuple[str, str]]) -> list[str]:
        cells = ([part.replace("|", "\\|") for part in row] for row in rows)
        return [f"| {head} | line |", "|---|---|", *(f"| {a} | `{b}` |" for a, b in cells), ""]

    def flow(config: object) -> str:
        shown = json.dumps(config, ensure_ascii=False).replace(HUB["revision"], "0123…")
        return f"`{shown}`"

    text = """# Error lines

For each mistake below you get the one line beside it. You get it before any job starts; if a model
or data must be read first, you get it from the job that reads them. `…` stands for the words of a
library. The workflow executes nothing that it reads, and no finished result is lost.

`tests/support/errors_page.py` writes this page from the mistakes that the tests make, and a test
compares the two.
"""
    return "\n".join(
        [
            text,
            "## Config files",
            "",
            "You name the file with `./run … --configfile FILE`. The line begins with "
            "`config: FILE: `.",
            "",
            *table("file", [(name, line) for name, _, line in CONFIG_FILES]),
            "## Settings",
            "",
            "The line begins with `config: `. If `models` is not shown, it is correct.",
            "",
            *table("config", [(flow(config), line) for config, line in SETTINGS]),
            "## Given ratios",
            "",
            "The file is that of the allocation `x`, whose target is 0.7, for the local model `a` "
            "of three blocks. The line begins with `config: allocations.x.`. If the layout of a "
            "model is not known before, the job that allocates says the same.",
            "",
            *table("file", [(f"`{name}`: {what}", line) for what, name, _, line in GIVEN]),
            "A sparsity that the last matrix of `a` does not allow:",
            "",
            *table("config", [(flow(UNREACHABLE[0]), UNREACHABLE[1])]),
            "## Memory",
            "",
            "If a job needs more memory than this machine or its control group has, the run ends "
            "before its first job.",
            "",
            *table("job", [("no room for it even alone", TOO_LARGE.format(**NAMES_IN_IT))]),
            "## Models",
            "",
            "The model `a` is the local folder `m`. If a model comes from the hub, `fetch_model` "
            "prints all of these lines.",
            "",
            *table("folder", [(name, line) for name, _, line in MODELS]),
            "## Published alphas",
            "",
            "The file `a.npy` is for a model of three blocks. The line begins with the job's name.",
            "",
            *table("file", [(name, line) for name, _, line in ALPHAS]),
            "## The hub",
            "",
            "The line begins with the job's name, `models.NAME` if it is a model, the repository "
            "and the revision. The job runs up to three times, and keeps the files that it has "
            "fetched.",
            "",
            *table("model", [(name, refusal.line) for name, refusal in bad_hub.MODELS.items()]),
            *table("data set", [(name, refusal.line) for name, refusal in bad_hub.TEXTS.items()]),
            "## Local tasks",
            "",
            "The task is the file `t.yaml` with `own.json` beside it. The line begins with "
            "`config: tasks.path: `.",
            "",
            *table("file", [(name, line) for name, _, line in BAD_TASKS]),
            "## Local texts",
            "",
            "The text is one file, whose documents are shared out among the splits. The line "
            "begins with the job's name.",
            "",
            *table("file", [(name, line) for name, _, _, line in BAD_FILES]),
            "## Documents",
            "",
            "The line begins with the job's name.",
            "",
            *table("documents", [(name, line) for name, _, line in DOCUMENTS]),
        ]
    )


if __name__ == "__main__":
    print(page(), end="")
