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


def check_of(wildcards):
    """Nothing, after the check of the cell's dense model.

    Without an expectation or once it is met no cell waits, so that it hangs on no job that a dense
    model measured again would start. Nor does a cell that was pruned from the same model: a mere
    wait would have it evaluated again.
    """
    model = wildcards.model
    if model not in EXPECTED:
        return []
    wanted, met = expectation_of(model), passed_by(model)
    artifact = artifact_path(model, CELL.format(**dict(wildcards.items())))
    record = Path(artifact).with_suffix(".json")
    same = met.get("model", wanted["model"]) == wanted["model"]
    if met != wanted and not (same and is_newer(record, MODEL.format(model=model))):
        checkpoints.check_dense.get(model=model)
    return []
