"""What jobs need: GPUs and, on a cluster, memory and time, which follow from the model's size."""

import os
from shutil import which

from heavytail.models import size as model_size

ASKED = workflow.resource_settings
# Snakemake submits jobs to a cluster if the number of jobs is limited but the cores of this machine
# are not, or if a profile says how long jobs may take.
CLUSTER = bool(ASKED.nodes and (not ASKED.cores or "runtime" in (ASKED.default_resources or ())))
LIMITS = ASKED.resources
if not CLUSTER:
    GPU = bool(which("nvidia-smi"))
elif workflow.is_main_process:
    # The profile says how many jobs may use a GPU at a time. A job itself does not know it.
    GPU = "gpu" in LIMITS and LIMITS["gpu"] != 0
else:
    GPU = bool(os.environ.get("CUDA_VISIBLE_DEVICES"))

TEMPORARY = CONFIG["artifacts"] == "temporary"
# Each job that holds an artifact of its own takes one of this resource; the profile has the limit.
ASIDE = {"artifact": 1} if TEMPORARY else {}

if (
    TEMPORARY
    and workflow.is_main_process
    and "artifact" not in workflow.resource_settings.resources
):
    sys.exit(
        "config: artifacts: temporary needs a limit of artifacts at once, found none (--resources "
        "replaces those of the profile): add --resources artifact=2"
    )

# MB that Snakemake, Python, its libraries and batches take in a job: 850 to 1,100 were measured
# without CUDA.
LIBRARIES_MB = 2000
# Every job has these minutes, and one more for so many parameters: 16 times fewer on one core.
MINUTES, PARAMETERS_PER_MINUTE = 30, 2**25 if GPU else 2**21


@cache
def size_of(provenance, _changed):
    """The sizes of a fetched model; None if its files are not usable any more."""
    try:
        return model_size.model_size(Path(provenance).parent)
    except (AttributeError, KeyError, TypeError, ValueError):
        # The jobs of the model say what is wrong with it.
        return None


def of_model(least, more):
    """A resource of (least + more(size, wildcards, input, threads)) × attempt.

    As long as model and text are missing, a plan says "TBD". Snakemake asks again before the job
    starts.
    """

    def amount(wildcards, input, attempt, threads):
        size = size_of(input.model, os.stat(input.model).st_mtime_ns)
        return attempt * (least + (more(size, wildcards, input, threads) if size else 0))

    return amount


def needs(held, passes=1):
    """The resources of a rule whose jobs hold `held(size, wildcards, input, threads)` bytes.

    `passes` is how often a job may go through its model. Memory and time are computed for clusters
    only, because they make the planning of thousands of jobs slower.
    """
    # The profile says how many jobs may use a GPU at a time.
    gpu = {"gpu": 1} if GPU else {}
    if not CLUSTER:
        return gpu
    return gpu | {
        "mem_mb": of_model(LIBRARIES_MB, lambda *asked: held(*asked) // 2**20),
        "runtime": of_model(
            MINUTES, lambda size, *_: passes * size.parameters // PARAMETERS_PER_MINUTE
        ),
    }


def of_text(wildcards, input, attempt):
    """MB that a job needs to hold a whole text in memory: as lines, as records and as a list."""
    held = input.documents if isinstance(input.documents, list) else [input.documents]
    return attempt * (LIBRARIES_MB + 3 * sum(os.stat(file).st_size for file in held) // 2**20)


def tokens_in(file):
    """The most token ids that a file of frozen tokens can hold; 0 without a file."""
    return os.stat(file).st_size // 8 if file else 0


def pruning(size, wildcards, input, _threads):
    """Bytes that a job of prune_cell holds."""
    tokens = tokens_in(input.get("calibration"))
    in_one_pass = METHODS[wildcards.method][1] == "sequential"
    return size.in_one_pass(tokens) if in_one_pass else size.streamed(tokens)


def tuning(size, wildcards, input, threads):
    """Bytes that a job of tune_allocation holds: it prunes cells and scores validation text."""
    return pruning(size, wildcards, input, threads) + size.streamed(tokens_in(input.validation))


def between_blocks(key):
    """Bytes that a job holds which reads the windows of this key of the config."""
    tokens = CONFIG[key]["windows"] * CONFIG["calibration"]["length"]
    return lambda size, *_: size.between_blocks(tokens)


def reading(held):
    """`needs` of a rule that reads an artifact. If none is kept, its job prunes the cell itself."""
    tokens = CONFIG["calibration"]["samples"] * CONFIG["calibration"]["length"]
    return needs(
        lambda size, *asked: max(held(size, *asked), size.in_one_pass(tokens) * TEMPORARY),
        1 + TEMPORARY,
    )


def evaluating(size, wildcards, input, threads):
    """Bytes that evaluate_cell holds: it prunes, scores text, loads the whole model for tasks."""
    text = size.streamed(tokens_in(input.tokens))
    return max(pruning(size, wildcards, input, threads), text, size.whole() if input.tasks else 0)


TEXT = {"mem_mb": of_text} if CLUSTER else {}
SIMILARITY = needs(between_blocks("segments"))
GRADIENTS = needs(between_blocks("gradients"))
WANDA_SCORES = needs(lambda size, _, input, __: size.scored(tokens_in(input.calibration)))
REMOVAL_ERRORS = needs(lambda size, _, input, __: size.streamed(tokens_in(input.calibration)))
PRUNING = needs(pruning)
TUNING = needs(tuning)
PERPLEXITY = needs(lambda size, _, input, __: size.streamed(tokens_in(input.tokens)))
ZERO_SHOT = needs(lambda size, *_: size.whole())
CELL_AT_ONCE = needs(evaluating, 3)
SPECTRA = reading(lambda size, _, __, threads: size.spectra(threads))
# To copy files a job needs no memory or GPU; to prune the cell again it does.
EXPORT = reading(lambda *_: 0) if TEMPORARY else {}
HESSIAN = needs(lambda size, *_: size.loss_hessian(CONFIG["hessian"]["eigenvalues"]))
