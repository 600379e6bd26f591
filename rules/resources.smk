"""What jobs take: of a machine its GPUs, of a cluster memory and time by the size of their model."""

import os
from shutil import which

from heavytail.models import size as model_size

ASKED = workflow.resource_settings
# Jobs are submitted where their number is limited and the cores of this machine are not, or where a
# profile says how long they may take.
CLUSTER = bool(ASKED.nodes and (not ASKED.cores or "runtime" in (ASKED.default_resources or ())))
LIMITS = ASKED.resources
if not CLUSTER:
    GPU = bool(which("nvidia-smi"))
elif workflow.is_main_process:
    # How many jobs may use one at a time the profile says, and a job is not told.
    GPU = "gpu" in LIMITS and LIMITS["gpu"] != 0
else:
    GPU = bool(os.environ.get("CUDA_VISIBLE_DEVICES"))
# With --use-conda, what jobs on a GPU run in.
GPU_ENVIRONMENT = "../envs/compute-cuda.yaml" if GPU else "../envs/compute.yaml"

TEMPORARY = CONFIG["artifacts"] == "temporary"
# As many jobs hold an artifact of their own at once as the profile has of this resource.
ASIDE = {"artifact": 1} if TEMPORARY else {}

if (
    TEMPORARY
    and workflow.is_main_process
    and "artifact" not in workflow.resource_settings.resources
):
    sys.exit(
        "config: artifacts: temporary needs a limit of artifacts at once and found none (--resources "
        "takes the place of the profile's): add --resources artifact=2"
    )

# MB of Snakemake in a job, Python, its libraries and batches: 850 to 1,100 measured, without CUDA.
LIBRARIES_MB = 2000
# Minutes that every job has, and how many parameters give it one more: 16 times fewer on one core.
MINUTES, PARAMETERS_PER_MINUTE = 30, 2**25 if GPU else 2**21


@cache
def size_of(provenance, _changed):
    """The sizes of a fetched model; None where its files are not what they were."""
    try:
        return model_size.model_size(Path(provenance).parent)
    except (AttributeError, KeyError, TypeError, ValueError):
        # For its jobs to say, in their words.
        return None


def of_model(least, more):
    """A resource: `least` and `more(size, wildcards, input, threads)`, as often as it was tried.

    Before model and text are there a plan says "TBD", and Snakemake asks again before the job starts.
    """

    def asked(wildcards, input, attempt, threads):
        size = size_of(input.model, os.stat(input.model).st_mtime_ns)
        return attempt * (least + (more(size, wildcards, input, threads) if size else 0))

    return asked


def needs(held, passes=1):
    """The resources of a rule whose jobs hold `held(size, wildcards, input, threads)` bytes.

    `passes`: how often a job may go through its model.
    Memory and time are for clusters alone: asked of thousands of jobs they make planning slower.
    """
    # The profile lets so many of these jobs run at a time.
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
    """MB of a job that has a whole text in memory, as lines, as records and as a list."""
    return attempt * (LIBRARIES_MB + 3 * os.stat(input.documents).st_size // 2**20)


def tokens_in(file):
    """How many token ids a file of frozen tokens has at most; none without a file."""
    return os.stat(file).st_size // 8 if file else 0


def pruning(size, wildcards, input, _threads):
    """Bytes that prune_cell holds."""
    tokens = tokens_in(input.get("calibration"))
    in_one_pass = METHODS[wildcards.method][1] == "sequential"
    return size.in_one_pass(tokens) if in_one_pass else size.streamed(tokens)


def tuning(size, wildcards, input, threads):
    """Bytes that tune_allocation holds: a cell is pruned, and validation text goes through it."""
    return pruning(size, wildcards, input, threads) + size.streamed(tokens_in(input.validation))


def between_blocks(key):
    """Bytes that a job holds which reads so many windows as the key of the config says."""
    tokens = CONFIG[key]["windows"] * CONFIG["calibration"]["length"]
    return lambda size, *_: size.between_blocks(tokens)


def reading(held):
    """`needs` of a rule that reads an artifact, and prunes the cell itself where none is kept."""
    tokens = CONFIG["calibration"]["samples"] * CONFIG["calibration"]["length"]
    return needs(
        lambda size, *asked: max(held(size, *asked), size.in_one_pass(tokens) * TEMPORARY),
        1 + TEMPORARY,
    )


def evaluating(size, wildcards, input, threads):
    """Bytes that evaluate_cell holds: it prunes, scores the text, and has the whole model for tasks."""
    text = size.streamed(tokens_in(input.tokens))
    return max(pruning(size, wildcards, input, threads), text, size.whole() if input.tasks else 0)


TEXT = {"mem_mb": of_text} if CLUSTER else {}
SIMILARITY = needs(between_blocks("segments"))
GRADIENTS = needs(between_blocks("gradients"))
WANDA_SCORES = needs(lambda size, _, input, __: size.scored(tokens_in(input.calibration)))
PRUNING = needs(pruning)
TUNING = needs(tuning)
PERPLEXITY = needs(lambda size, _, input, __: size.streamed(tokens_in(input.tokens)))
ZERO_SHOT = needs(lambda size, *_: size.whole())
CELL_AT_ONCE = needs(evaluating, 3)
SPECTRA = reading(lambda size, _, __, threads: size.spectra(threads))
# Copying files needs nothing of a machine, pruning again does.
EXPORT = reading(lambda *_: 0) if TEMPORARY else {}
EXPORT_ENVIRONMENT = GPU_ENVIRONMENT if TEMPORARY else "../envs/compute.yaml"
HESSIAN = needs(lambda size, *_: size.loss_hessian(CONFIG["hessian"]["eigenvalues"]))
