"""When a job waits for the check of its dense model."""


def expectation_of(model):
    """What a dense model is checked for; if this changes, another check is needed."""
    return {
        "text": protocols.settings_of(FIRST),
        "perplexity": CONFIG["models"][model]["perplexity"],
        "tolerance": FIRST["tolerance"],
    }


def is_of_model(path, model):
    """Whether the JSON file exists and was made from the model as it is now."""
    made = files.read_json(path) if Path(path).exists() else {}
    return bool(made) and made["sha256"]["model"] == digest_of(model)


@cache
def is_met(model):
    """Whether the model as it is now passed its check before this run."""
    path = resolved(VERDICT).format(model=model)
    if not is_of_model(path, model):
        return False
    return files.read_json(path)["expectation"] == expectation_of(model)


def check_before(model, made):
    """An empty list, after the check of the dense model if a job must wait for it.

    A job does not wait if there is no expectation, or if the expectation is met: else it would
    depend on the jobs that run when the dense model is measured again. A job does not wait either
    if it was done before with the same model and left the JSON file `made`: the wait alone would
    make all that follows from that file stale.
    """
    if model in EXPECTED and not APART and not is_met(model) and not is_of_model(made, model):
        checkpoints.check_dense.get(model=model)
    return []


def check_of_cell(wildcards):
    """What the pruning of a cell waits for."""
    made = f"{PRUNED}.origin.json".format(**dict(wildcards.items()))
    return check_before(wildcards.model, resolved(made))


def check_of_trials(wildcards):
    """What the trials of an allocation wait for."""
    record = path_of(rules.tune_allocation.output.record).format(**dict(wildcards.items()))
    return check_before(wildcards.model, resolved(record))


def check_of_search(wildcards):
    """What the search of an allocation waits for."""
    record = path_of(rules.search_allocation.output.record).format(**dict(wildcards.items()))
    return check_before(wildcards.model, resolved(record))
