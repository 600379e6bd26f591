"""What a run may use: a cluster, or this machine with its cores, its GPUs and its memory."""

import os
from shutil import which

from heavytail.running import gpus, machine

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

if GPU:
    try:
        gpus.jobs_per_gpu()
    except ValueError as error:
        sys.exit(str(error))

# Jobs that share the memory of this machine. What one holds in a GPU's is not counted.
SHARED = workflow.is_main_process and not CLUSTER and not GPU
# MB of Snakemake itself, and of what the libraries of all jobs map once.
IN_COMMON_MB = 500
# Whether this machine computes in bfloat16. A job of a cluster may run on another one.
BFLOAT16 = SHARED and "bf16" in gpus.computing_device()
# Job that does not fit by its rule and model → MB that it needs.
TOO_LARGE = {}
# The hook below has looked at what is planned.
STARTED = []

if SHARED:
    MEMORY = machine.memory()
    if "mem_mb" in LIMITS:
        # The user says it: jobs get no more, and their threads follow from it.
        LIMIT_MB = ROOM_MB = LIMITS["mem_mb"].value
    else:
        # What is free changes from run to run. The threads of a job are part of its key, so they
        # follow from what never changes.
        LIMIT_MB = max(1, MEMORY.free // 2**20 - IN_COMMON_MB)
        ROOM_MB = max(1, MEMORY.total // 2**20 - IN_COMMON_MB)
        workflow.register_resource("mem_mb", LIMIT_MB)


def within_limit(name, provenance, megabytes):
    """The same MB; if there are not so many, this is told before a job begins."""
    if SHARED and megabytes > LIMIT_MB:
        model = os.path.basename(os.path.dirname(provenance))
        TOO_LARGE[model] = max((megabytes, name), TOO_LARGE.get(model, (0, "")))
        if STARTED:
            raise WorkflowError(*too_large())
    return megabytes


def too_large():
    """One line per model with a job that needs more memory than this run may use."""
    return [
        f"memory: {model}: {name} needs {megabytes} MB, found {LIMIT_MB} MB for jobs, of "
        f"{MEMORY.total // 2**20} MB that there are: leave it out or, if you know better, add "
        f"--set-resources {name}:mem_mb={LIMIT_MB}"
        for model, (megabytes, name) in TOO_LARGE.items()
    ]


def check_memory():
    """Exit before the first job if a planned one does not fit."""
    asked = set()
    for job in workflow.dag.needrun_jobs():
        own = job.wildcards
        kind = job.rule.name, own.get("model") or own.get("measured"), own.get("method")
        if kind not in asked:
            asked.add(kind)
            # Asks the function of the rule, which notes what does not fit.
            job.resources
    STARTED.append(True)
    if TOO_LARGE:
        sys.exit("\n".join(too_large()))
