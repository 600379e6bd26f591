"""What keeps the planning of thousands of cells fast; nothing here changes a plan.

Functions of Snakemake's own that give the same answer to the same question, and are asked some ten
times per cell. A Snakemake that has none of these names is only slower.
"""

import gc
from functools import wraps
from pkgutil import resolve_name

# A plan's millions of objects live to its end: looking for garbage among them was a third of the
# time that a large matrix takes.
gc.freeze()
gc.set_threshold(200_000, 50, 1000)


def remember(owner, name):
    """Let a function without side effects, of a module or a class, compute each answer once."""
    owner = resolve_name(owner)
    asked = getattr(owner, name, None)
    # Another workflow of this process may have been here.
    if asked is None or hasattr(asked, "__wrapped__"):
        return
    remembered = cache(asked)

    @wraps(asked)
    def answer(*question):
        try:
            return remembered(*question)
        except TypeError:
            # The question has no hash, or no answer.
            return asked(*question)

    setattr(owner, name, answer)


# Where a script lies in Snakemake's cache: a class is made for each answer, three per job.
remember("snakemake.sourcecache", "parse_uri")
# Which arguments an input function takes.
remember("snakemake.common", "get_function_params")
remember("snakemake.rules", "get_function_params")
# Which rules make a file: most files are read by every cell.
remember("snakemake.output_index:OutputIndex", "match_producers")
