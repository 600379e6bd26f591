"""The gate before pruning: a dense model that is known to reach a perplexity must reach it first."""

import json

# What the check of a dense model leaves when it passes.
VERDICT = "results/checks/{model}.json"


def expectation_of(model):
    """What a dense model is checked for: changes when another check is needed."""
    return {
        "text": {key: EVALUATED["test"][key] for key in ("dataset", "length", "windows")},
        "perplexity": CONFIG["models"][model]["perplexity"],
        "tolerance": CONFIG["evaluation"]["tolerance"],
    }


@cache
def digest_of(model):
    """The SHA-256 of the file that stands for a model; None where it is to be made anew."""
    path, entry = Path(MODEL.format(model=model)), CONFIG["models"][model]
    if not path.exists():
        return None
    record = json.loads(path.read_text(encoding="utf-8"))
    if record["source"] != (entry.get("hub") or Path(entry["path"]).name):
        return None
    for file in map(Path, local_files_of(model)):
        is_newer = file.stat().st_mtime > path.stat().st_mtime
        if is_newer and record["files"].get(file.name) != files.sha256(file):
            return None
    return files.sha256(path)


def is_of_model(path, model):
    """Whether there is a JSON file that was made from the model as it is."""
    made = json.loads(Path(path).read_text(encoding="utf-8")) if Path(path).exists() else {}
    return bool(made) and made["sha256"]["model"] == digest_of(model)


@cache
def is_met(model):
    """Whether the model as it is has met its expectation before this run."""
    path = Path(VERDICT.format(model=model))
    if not is_of_model(path, model):
        return False
    return json.loads(path.read_text(encoding="utf-8"))["expectation"] == expectation_of(model)


def check_before(model, made):
    """Nothing, after the check of a dense model.

    Without an expectation or once it is met no job waits, so that none hangs on those that a dense
    model measured again would start. Nor does one that was done before with the same model, and
    left the JSON file `made`: a mere wait would have what follows from it made again.
    """
    if model in EXPECTED and not is_met(model) and not is_of_model(made, model):
        checkpoints.check_dense.get(model=model)
    return []


def check_of_cell(wildcards):
    """What the pruning of a cell waits for."""
    cell = CELL.format(**dict(wildcards.items()))
    return check_before(wildcards.model, f"results/pruned/{wildcards.model}/{cell}.origin.json")


def check_of_trials(wildcards):
    """What the trials of an allocation wait for."""
    record = rules.tune_allocation.output.record.format(**dict(wildcards.items()))
    return check_before(wildcards.model, record)
