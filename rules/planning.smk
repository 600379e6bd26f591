"""What keeps the planning of thousands of cells fast; nothing here changes a plan.

Functions of Snakemake's own that give the same answer to the same question, and are asked some ten
times per cell. A Snakemake that has none of these names is only slower.
"""

import gc
import importlib
from contextlib import suppress

# A plan's millions of objects live to its end: looking for garbage among them was a third of the
# time that a large matrix takes.
gc.freeze()
gc.set_threshold(50_000, 20, 100)


def remember(owner, name):
    """Let a function without side effects, an attribute of `owner`, compute each answer once."""
    with suppress(AttributeError):
        setattr(owner, name, cache(getattr(owner, name)))


# Where a script lies in Snakemake's cache: a class is made for each answer, three per job.
remember(workflow.sourcecache, "_cache_entry")
# Which arguments an input function takes.
for name in ("snakemake.common", "snakemake.rules"):
    remember(importlib.import_module(name), "get_function_params")
