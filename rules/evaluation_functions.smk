"""Input functions, settings and digests of evaluations."""


def zero_shot_settings(wildcards):
    """The tasks of a model, and its BOS policy."""
    own = CONFIG["models"][wildcards.model].get("bos", CONFIG["zero_shot"]["bos"])
    told = {
        name: {key: getattr(task, key) for key in ("limit", "metric") if getattr(task, key)}
        for name, task in TASKS.items()
    }
    return {"tasks": told, "bos": own, "engine": CONFIG["zero_shot"]["engine"]}


def tune_inputs(wildcards):
    """The guides of an allocation and, if the method reads them, the calibration tokens."""
    found = guides_of(wildcards.allocation)
    found = found | {"calibration": TOKENS} if calibrated(wildcards.method) else found
    return {name: filled(path, wildcards) for name, path in found.items()}


def tune_settings(wildcards):
    """The settings of an allocation, and the candidates that trials choose from."""
    settings = ratio_settings(wildcards)
    named = CONFIG["allocations"][wildcards.allocation]
    return settings | {"candidates": allocations.candidates(named, CONFIG["tune"])}


def tune_digest(wildcards):
    """A digest that changes if the code of an allocation's trials changes in meaning."""
    modules = *ratio_modules(wildcards), *prune_modules(wildcards)
    return digest_for(wildcards.model, "tune_allocation", *modules)


def search_inputs(wildcards):
    """The ratios with which a search begins and, if the method reads them, calibration tokens."""
    cells = dict(wildcards.items())
    start = CONFIG["allocations"][wildcards.allocation]["start"]
    ratios = path_of(rules.allocate_sparsity.output.ratios)
    found = {"start": ratios.format(**cells | {"allocation": start})}
    if calibrated(wildcards.method):
        found["calibration"] = TOKENS.format(model=wildcards.model)
    return found


def search_settings(wildcards):
    """How an allocation is searched."""
    named = CONFIG["allocations"][wildcards.allocation]
    own = {key: named[key] for key in sorted(OF_SEARCH | {"bounds"}) if key in named}
    return own | {"sparsity": axes.target_of(wildcards.sparsity)[0]}


def search_digest(wildcards):
    """A digest that changes if the code of a search changes in meaning."""
    return digest_for(wildcards.model, "search_allocation", *prune_modules(wildcards))
