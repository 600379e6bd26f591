"""What jobs need: GPUs, memory and, on a cluster, time; what follows from the model's size."""

import math
import os

from heavytail.models import size as model_size

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

# MB that Python, its libraries and batches take in a job. On a cluster a job also has a Snakemake
# and what libraries map for itself: 850 to 1,100 were measured there, without CUDA, and 350 here.
LIBRARIES_MB = 2000 if CLUSTER else 400
# Bytes that lm-eval and what it imports take beside them.
LM_EVAL = 200 * 2**20
CALIBRATION_TOKENS = CONFIG["calibration"]["samples"] * CONFIG["calibration"]["length"]
# Every job has these minutes, and one more for so many parameters: 16 times fewer on one core.
MINUTES, PARAMETERS_PER_MINUTE = 30, 2**25 if GPU else 2**21
# Bytes of a text and tokens of a whole one, if they lie in a store where a plan cannot look.
TEXT_BYTES, TEXT_TOKENS = 2**28, 2**19
# A search that sends so many tokens through a model counts as one pass: on one core, 7 ms a token
# for 135 M parameters, of which 3.4 were measured (docs/results.md).
TOKENS_PER_PASS = 2**19


@cache
def size_in(folder, _changed):
    """The sizes of the model in a folder; None if its files are not usable."""
    try:
        return model_size.model_size(folder, BFLOAT16)
    except (AttributeError, KeyError, OSError, TypeError, ValueError):
        # The jobs of the model say what is wrong with it.
        return None


def size_of(provenance):
    """The sizes of a model; FileNotFoundError as long as it is still on the hub."""
    folder = os.path.dirname(provenance)
    name = os.path.basename(folder)
    own = CONFIG["models"][name].get("path")
    if STORED and not own:
        # It is at hand as soon as a job of this machine has read it.
        provenance = folder = at_hand(resolved(FILES).format(model=name))
    changed = os.stat(f"{own}/config.json" if own else provenance).st_mtime_ns
    return size_in(own or folder, changed)


def of_model(least, more):
    """A resource of (least + more(size, wildcards, input, threads)) × attempt.

    As long as a model is on the hub, a plan says "TBD". Snakemake asks again before the job starts.
    """

    def amount(wildcards, input, attempt, threads):
        size = size_of(input.model)
        return attempt * (least + (more(size, wildcards, input, threads) if size else 0))

    return amount


def of_shared(held):
    """MB of a job of this machine, with a note if there are not so many."""
    memory = of_model(LIBRARIES_MB, lambda *asked: held(*asked) // 2**20)

    def amount(wildcards, input, attempt, threads, rulename):
        return within_limit(rulename, input.model, memory(wildcards, input, attempt, threads))

    return amount


def threads_of(held, wanted):
    """The threads of a rule whose jobs hold so many bytes, if so many are wanted at a time."""
    cores = ASKED.cores if SHARED else None
    if not cores or cores == 1:
        return 1
    memory = of_model(LIBRARIES_MB, lambda *asked: held(*asked) // 2**20)

    def amount(wildcards, input):
        try:
            fitting = machine.at_a_time(memory(wildcards, input, 1, 1), ROOM_MB)
        except FileNotFoundError:
            fitting = cores
        return machine.threads_of(cores, fitting, wanted)

    return amount


def needs(held, passes=lambda _: 1):
    """The resources of a rule whose jobs hold `held(size, wildcards, input, threads)` bytes.

    `passes(wildcards)` is how often a job may go through its model: its time, which clusters want
    to know.
    """
    # The profile says how many jobs may use a GPU at a time.
    gpu = {"gpu": 1} if GPU else {}
    if APART or (not CLUSTER and not SHARED):
        return gpu
    if SHARED:
        return {"mem_mb": of_shared(held)}
    memory = {"mem_mb": of_model(LIBRARIES_MB, lambda *asked: held(*asked) // 2**20)}
    minutes = lambda size, asked, *_: int(passes(asked) * size.parameters / PARAMETERS_PER_MINUTE)
    return gpu | memory | {"runtime": of_model(MINUTES, minutes)}


def of_text(wildcards, input, attempt):
    """MB that a job needs to hold a whole text in memory: as lines, as records and as a list."""
    held = input.documents if isinstance(input.documents, list) else [input.documents]
    try:
        size = sum(os.stat(file).st_size for file in held)
    except FileNotFoundError:
        if not STORED:
            raise
        size = TEXT_BYTES
    return attempt * (LIBRARIES_MB + 3 * size // 2**20)


def tokens_in(file, expected=0):
    """The most token ids that a file of frozen tokens can hold; until it is there, those expected."""
    try:
        return os.stat(file).st_size // 8 if file else 0
    except FileNotFoundError:
        return expected


def calibrating(input):
    """The tokens of the calibration windows that a job reads; 0 if it reads none."""
    return tokens_in(input.get("calibration"), CALIBRATION_TOKENS)


def pruning(size, wildcards, input, _threads):
    """Bytes that a job of prune_cell holds."""
    tokens = calibrating(input)
    in_one_pass = METHODS[wildcards.method][1] == "sequential"
    return size.in_one_pass(tokens) if in_one_pass else size.streamed(tokens)


def of_hessian(size, *_):
    """Bytes that a job of measure_hessian holds. It leaves the loss Hessian away if that is more."""
    asked = CONFIG["hessian"]["eigenvalues"], CONFIG["calibration"]["length"]
    return size.loss_hessian(*asked, *([2**20 * (LIMIT_MB - LIBRARIES_MB)] if SHARED else []))


def tuning(size, wildcards, input, threads):
    """Bytes that a job of tune_allocation holds: it prunes cells and scores validation text."""
    expected = CONFIG["tune"]["windows"] * CONFIG["tune"]["length"]
    scored = size.streamed(tokens_in(input.validation, expected))
    return pruning(size, wildcards, input, threads) + scored


def searching(size, wildcards, input, threads):
    """Bytes that a job of search_allocation holds: beside its text it now searches, now prunes."""
    _, scored = search.tokens_of(CONFIG["allocations"][wildcards.allocation])
    text = tokens_in(input.validation, CONFIG["tune"]["windows"] * CONFIG["tune"]["length"])
    pruned = pruning(size, wildcards, input, threads)
    return max(size.searched(text, scored), size.streamed(2 * text) - size.streamed(0) + pruned)


def generations(wildcards):
    """The passes of a job of search_allocation: it prunes cells, sweeps, and has generations."""
    own = CONFIG["allocations"][wildcards.allocation]
    renewals = math.ceil(own["generations"] / search.RENEWED)
    scored = renewals * search.tokens_of_sweep(own)
    scored += own["generations"] * search.tokens_of(own)[0]
    # A sweep prunes the model once for its probes and once for each step, beside two cells.
    pruned = renewals * (3 + len(search.STEPS))
    return 3 + pruned + scored / TOKENS_PER_PASS


def between_blocks(key):
    """Bytes that a job holds which reads the windows of this key of the config."""
    tokens = CONFIG[key]["windows"] * CONFIG["calibration"]["length"]
    return lambda size, *_: size.between_blocks(tokens)


def reading(held):
    """`needs` of a rule that reads an artifact. If none is kept, its job prunes the cell itself."""
    whole = lambda size: size.in_one_pass(CALIBRATION_TOKENS) * TEMPORARY
    return needs(
        lambda size, *asked: max(held(size, *asked), whole(size)),
        lambda _: 1 + TEMPORARY,
    )


def scoring(size, _wildcards, input, _threads):
    """Bytes that a job of evaluate_perplexity or of evaluate_protocol holds."""
    windows = FIRST["windows"]
    expected = windows * FIRST["length"] if windows else TEXT_TOKENS * STORED
    return size.scored_text(tokens_in(input.tokens, expected))


@cache
def longest_text():
    """The tokens of a text that a task lets a model write, with its prompt; 0 if none does."""
    return own_tasks.longest_text(TASKS)


def answering(size, *_):
    """Bytes that a job of evaluate_zero_shot holds."""
    scored = size.whole(CONFIG["zero_shot"]["engine"] == "shared")
    written = size.generating(longest_text()) if longest_text() else 0
    return LM_EVAL + max(scored, written)


def evaluating(size, wildcards, input, threads):
    """Bytes that evaluate_cell holds: it prunes, scores text, loads the whole model for tasks."""
    text = scoring(size, wildcards, input, threads)
    tasks = answering(size) if input.tasks else 0
    return max(pruning(size, wildcards, input, threads), text, tasks)


# Jobs that may be ready at a time: cells to prune, rows of the tables to evaluate.
PRUNED_AT_ONCE = sum(len(cells(model)) for model in WEIGHTED)
EVALUATED_AT_ONCE = PRUNED_AT_ONCE + len(WEIGHTED)
PRUNING_THREADS = threads_of(pruning, PRUNED_AT_ONCE)
TUNING_THREADS = threads_of(tuning, PRUNED_AT_ONCE)
PERPLEXITY_THREADS = threads_of(scoring, EVALUATED_AT_ONCE)
ZERO_SHOT_THREADS = threads_of(answering, EVALUATED_AT_ONCE)
CELL_THREADS = threads_of(evaluating, PRUNED_AT_ONCE)
TEXT = {"mem_mb": of_text} if (CLUSTER or SHARED) and not APART else {}
SIMILARITY = needs(between_blocks("segments"))
GRADIENTS = needs(between_blocks("gradients"))
WANDA_SCORES = needs(lambda size, _, input, __: size.scored(calibrating(input)))
REMOVAL_ERRORS = needs(lambda size, _, input, __: size.streamed(calibrating(input)))
PRUNING = needs(pruning)
TUNING = needs(tuning)
SEARCHING = needs(searching, generations)
PERPLEXITY = needs(scoring)
ZERO_SHOT = needs(answering)
CELL_AT_ONCE = needs(evaluating, lambda _: 3)
SPECTRA = reading(lambda size, _, __, threads: size.spectra(threads))
# To copy files a job needs no memory or GPU; to prune the cell again it does.
EXPORT = reading(lambda *_: 0) if TEMPORARY else {}
HESSIAN = needs(of_hessian)
