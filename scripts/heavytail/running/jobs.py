"""What surrounds the work of every script: a log, no network, and one line if it fails."""

import atexit
import gc
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from typing import Any, Protocol

from heavytail.running.failures import job_name
from heavytail.running.imports import spare
from heavytail.running.store import Work, once
from heavytail.running.wholeness import require_whole

# torch's words if a GPU, and if the machine, has no memory left.
NO_MEMORY = ("out of memory", "can't allocate memory")
# These modules keep the value that OFFLINE had when they were imported.
HUB_LIBRARIES = ("huggingface_hub.constants", "datasets.config")
OFFLINE = "HF_HUB_OFFLINE"
MODEL_SIZE = "the size of the model"
# How the threads of libraries wait for each other. By default they keep their cores busy meanwhile,
# which makes a job beside other processes many times slower (benchmarks/README.md).
WAITING, ASLEEP = "OMP_WAIT_POLICY", "PASSIVE"
# Whether the last job of this process did its work: not empty if so.
FINISHED: list[bool] = []
# So many new objects make Python look for garbage; it does so of 700 by itself.
NEW_OBJECTS = 1_000_000


class Job(Protocol):
    """Snakemake's object of a script, as far as scripts read it.

    Its lists have their items by place and by name; what an item is, the rule says.
    """

    rule: str
    threads: int
    input: Any
    output: Any
    params: Any
    wildcards: Any
    resources: Any
    log: Any


def _reason(error: Exception, lower: str) -> str:
    """An error in one line; if memory ran out, it says what to lower."""
    reason = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, LookupError):
        reason = f"{type(error).__name__}: {reason}"
    if isinstance(error, MemoryError) or any(words in reason for words in NO_MEMORY):
        return f"{reason}; lower {lower}"
    return reason


@contextmanager
def off_the_hub() -> Iterator[None]:
    """Set HF_HUB_OFFLINE, also for libraries that are imported already and for child processes."""
    loaded = [vars(sys.modules[name]) for name in HUB_LIBRARIES if name in sys.modules]
    before = [(variables, variables.get(OFFLINE)) for variables in (os.environ, *loaded)]
    for variables, _ in before:
        variables[OFFLINE] = "1"
    try:
        yield
    finally:
        for variables, value in before:
            if value is None:
                del variables[OFFLINE]
            else:
                variables[OFFLINE] = value


def collect_rarely() -> None:
    """Let Python look for garbage rarely.

    Libraries make 400,000 objects that live as long as the job. To look through them while they are
    imported takes 0.7 s of a job's CPU time.
    """
    gc.set_threshold(NEW_OBJECTS)


def leave() -> None:
    """End the process of a script that did its work at once.

    Python would first take apart, one by one, the objects of all libraries: 0.2 to 0.4 s of CPU
    time. The system takes all memory back by itself.
    """
    if FINISHED and hasattr(sys.modules["__main__"], "snakemake"):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


@contextmanager
def logged(path: str, lower: str = MODEL_SIZE, fetches: bool = False) -> Iterator[None]:
    """Send logging and stderr to the log file. If the job fails, end both with one line.

    The line is the job's name, the reason and the path of the log.

    Args:
        path: that of the log file.
        lower: what to lower if the job runs out of memory.
        fetches: whether the job may ask the hub.
    """
    try:
        log = open(path, "w", buffering=1, encoding="utf-8")  # noqa: SIM115
    except OSError as error:
        sys.exit(f"{job_name(path)}: no log: {error}")
    stderr, sys.stderr = sys.stderr, log
    logging.basicConfig(
        stream=log, level=logging.INFO, format="%(asctime)s %(message)s", force=True
    )
    collect_rarely()
    spare()
    FINISHED.clear()
    # What is registered first is called last: until then threads, temporary files and the like have
    # come to their end.
    atexit.register(leave)
    # Before the first import of torch, which reads it once.
    os.environ.setdefault(WAITING, ASLEEP)
    try:
        with nullcontext() if fetches else off_the_hub():
            yield
    except Exception as error:
        line = f"{job_name(path)}: {_reason(error, lower)} (log: {path})"
        # On a full disk the log cannot be written either. That error must not hide the job's.
        with suppress(OSError):
            traceback.print_exc(file=log)
            print(line, file=log)
        sys.exit(line)
    else:
        FINISHED.append(True)
    finally:
        sys.stderr = stderr
        with suppress(OSError):
            log.close()


def run_once(
    job: Job,
    compute: Callable[[Job], None],
    lower: str = MODEL_SIZE,
    describe: Callable[[Job], None] | None = None,
) -> None:
    """Do the work of a rule. If equal work was done before, restore its outputs instead.

    Args:
        job: Snakemake's object of the script; its resource `store`, if any, is the folder of the
            store.
        compute: takes the job and writes its outputs. It imports the libraries that compute, so a
            job that only restores does not import them.
        lower: as of `logged`.
        describe: takes the job once all other outputs are there, and writes the output `origin`.
            The store does not keep `origin`, because it names other files.
    """
    with logged(job.log[0], lower):
        require_whole(job.input)
        params, inputs, outputs = (dict(x.items()) for x in (job.params, job.input, job.output))
        kept = {name: path for name, path in outputs.items() if name != "origin"}
        work = Work(job.rule, params, inputs, kept, job.threads)
        once(job.resources.get("store"), work, partial(compute, job))
        if describe:
            describe(job)
