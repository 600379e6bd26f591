"""The check of a dense model that is known to reach a perplexity, before anything is pruned."""

# What the check of a dense model leaves when it passes.
VERDICT = "<results>/checks/{model}.json"


def expectation_of(model):
    """What a dense model is checked for: changes when another check is needed."""
    return {
        "text": {key: EVALUATED["test"][key] for key in ("dataset", "length", "windows")},
        "perplexity": CONFIG["models"][model]["perplexity"],
        "tolerance": CONFIG["evaluation"]["tolerance"],
    }


def is_of_model(path, model):
    """Whether there is a JSON file that was made from the model as it is."""
    made = files.read_json(path) if Path(path).exists() else {}
    return bool(made) and made["sha256"]["model"] == digest_of(model)


@cache
def is_met(model):
    """Whether the model as it is has met its expectation before this run."""
    path = resolved(VERDICT).format(model=model)
    if not is_of_model(path, model):
        return False
    return files.read_json(path)["expectation"] == expectation_of(model)


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
    made = f"{PRUNED}.origin.json".format(**dict(wildcards.items()))
    return check_before(wildcards.model, resolved(made))


def check_of_trials(wildcards):
    """What the trials of an allocation wait for."""
    record = rules.tune_allocation.output.record.format(**dict(wildcards.items()))
    return check_before(wildcards.model, resolved(record))


# A checkpoint, and no input of the cells. A further input would make every finished cell stale; and
# where one is ancient, Snakemake 9.27 overlooks a cell's own changes as long as a job upstream of it,
# such as the dense evaluation, has to run.
checkpoint check_dense:
    input:
        model=MODEL,
        record=f"<results>/perplexity/{{model}}/{DENSE}.json",
    output:
        verdict=VERDICT,
    log:
        "<logs>/check_dense/{model}.log",
    benchmark:
        "<benchmarks>/check_dense/{model}.tsv"
    wildcard_constraints:
        model=any_of(EXPECTED),
    localrule: True
    conda:
        "../envs/tables.yaml"
    params:
        digest=digest("check_dense"),
        settings=lambda wildcards: expectation_of(wildcards.model),
    script:
        "../scripts/check_dense.py"
