"""The gate before pruning: a dense model that is known to reach a perplexity must reach it first."""

import json

# What the check of a dense model leaves when it passes.
VERDICT = "results/checks/{model}.json"


def expectation_of(model):
    """What a dense model is checked for: changes when another check is needed."""
    return {
        "model": source_of_model(model),
        "perplexity": CONFIG["models"][model]["perplexity"],
        "tolerance": CONFIG["evaluation"]["tolerance"],
    }


@cache
def passed_by(model):
    """The expectation that the model met before this run; empty if none."""
    path = Path(VERDICT.format(model=model))
    return json.loads(path.read_text(encoding="utf-8"))["expectation"] if path.exists() else {}


def is_newer(path, than):
    """Whether there is a file `path`, and none `than` that is newer."""
    times = [file.stat().st_mtime if file.exists() else None for file in (path, Path(than))]
    return times[0] is not None and (times[1] is None or times[0] >= times[1])


def check_before(model, record):
    """Nothing, after the check of a dense model.

    Without an expectation or once it is met no job waits, so that none hangs on those that a dense
    model measured again would start. Nor does one whose record is of the same model: a mere wait
    would have what follows from it made again.
    """
    if model not in EXPECTED:
        return []
    wanted, met = expectation_of(model), passed_by(model)
    same = met.get("model", wanted["model"]) == wanted["model"]
    if met != wanted and not (same and is_newer(Path(record), MODEL.format(model=model))):
        checkpoints.check_dense.get(model=model)
    return []


def check_of_cell(wildcards):
    """What the pruning of a cell waits for."""
    artifact = artifact_path(wildcards.model, CELL.format(**dict(wildcards.items())))
    return check_before(wildcards.model, Path(artifact).with_suffix(".json"))


def check_of_trials(wildcards):
    """What the trials of an allocation wait for."""
    record = rules.tune_allocation.output.record.format(**dict(wildcards.items()))
    return check_before(wildcards.model, record)
