"""What every script does around its work: a log, no network, one line on failure."""

import atexit
import gc
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial

from heavytail.running.failures import job_name
from heavytail.running.store import Work, once
from heavytail.running.wholeness import require_whole

# What torch says of a GPU's memory and of the machine's.
NO_MEMORY = ("out of memory", "can't allocate memory")
# Whose modules hold what the environment said of OFFLINE when they were imported.
HUB_LIBRARIES = ("huggingface_hub.constants", "datasets.config")
OFFLINE = "HF_HUB_OFFLINE"
MODEL_SIZE = "the size of the model"
# So many new objects make Python look for garbage; it does so of 700 by itself.
NEW_OBJECTS = 100_000


def _reason(error: Exception, lower: str) -> str:
    """An error in one line, with what to lower where memory ran out."""
    reason = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, LookupError):
        reason = f"{type(error).__name__}: {reason}"
    if isinstance(error, MemoryError) or any(words in reason for words in NO_MEMORY):
        return f"{reason}; lower {lower}"
    return reason


@contextmanager
def off_the_hub() -> Iterator[None]:
    """HF_HUB_OFFLINE, also for libraries that are imported already and for child processes."""
    loaded = [vars(sys.modules[name]) for name in HUB_LIBRARIES if name in sys.modules]
    before = [(place, place.get(OFFLINE)) for place in (os.environ, *loaded)]
    for place, _ in before:
        place[OFFLINE] = "1"
    try:
        yield
    finally:
        for place, value in before:
            if value is None:
                del place[OFFLINE]
            else:
                place[OFFLINE] = value


@contextmanager
def rarely_collecting() -> Iterator[None]:
    """Let Python look for garbage rarely, and not at all when the process ends.

    Libraries make 400,000 objects that live as long as the job. To look through them time and again
    takes a fifth of the time of an import, and once more at the end as long.
    """
    before = gc.get_threshold()
    gc.set_threshold(NEW_OBJECTS, *before[1:])
    atexit.register(gc.freeze)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def logged(path: str, lower: str = MODEL_SIZE, fetches: bool = False) -> Iterator[None]:
    """Send logging and stderr to the log file; a failure ends both with one line.

    The line: the job's name, the reason, the log's path. `lower` names what takes less memory, for
    a job that runs out of it. Only a job that `fetches` may ask the hub.
    """
    try:
        log = open(path, "w", buffering=1, encoding="utf-8")  # noqa: SIM115
    except OSError as error:
        sys.exit(f"{job_name(path)}: no log: {error}")
    stderr, sys.stderr = sys.stderr, log
    logging.basicConfig(
        stream=log, level=logging.INFO, format="%(asctime)s %(message)s", force=True
    )
    try:
        with rarely_collecting(), nullcontext() if fetches else off_the_hub():
            yield
    except Exception as error:
        line = f"{job_name(path)}: {_reason(error, lower)} (log: {path})"
        # A full disk takes no log either: its own errors must not hide the job's.
        with suppress(OSError):
            traceback.print_exc(file=log)
            print(line, file=log)
        sys.exit(line)
    finally:
        sys.stderr = stderr
        with suppress(OSError):
            log.close()


def run_once(
    job,
    compute: Callable[[object], None],
    lower: str = MODEL_SIZE,
    describe: Callable[[object], None] | None = None,
) -> None:
    """Do the work of a rule, unless equal work was done before: then its outputs are restored.

    Args:
        job: Snakemake's object of the script; its resource `store` names the store's folder.
        compute: takes the job and writes its outputs. It imports what computes, so that a job
            which only restores does not.
        lower: as of `logged`.
        describe: takes the job, when all else is there, and writes the output `origin`, which names
            other files and so is not kept.
    """
    with logged(job.log[0], lower):
        require_whole(job.input)
        params, inputs, outputs = (dict(x.items()) for x in (job.params, job.input, job.output))
        kept = {name: path for name, path in outputs.items() if name != "origin"}
        work = Work(job.rule, params, inputs, kept, job.threads)
        once(job.resources.store, work, partial(compute, job))
        if describe:
            describe(job)
