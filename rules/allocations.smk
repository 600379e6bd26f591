"""Input functions, settings and digests of allocations."""


def allocation_settings(allocation, method):
    """What decides the ratios of an allocation, with the method's own epsilon."""
    named = CONFIG["allocations"][allocation]
    settings = {key: named[key] for key in named.keys() - {"models", "methods"}}
    if settings.get("grouping") == allocations.TUNE:
        settings["direction"] = metric_names.DIRECTION[settings["metric"]]
    elif "grouping" in settings:
        settings["projections"] = list(groupings.projections_of(settings.pop("grouping")))
        settings["direction"] = metric_names.DIRECTION[settings["metric"]]
    if isinstance(settings.get("epsilon"), dict):
        settings["epsilon"] = settings["epsilon"][METHODS[method][0]]
    return dict(sorted(settings.items()))


def scores_of(wildcards):
    """The table of numbers that an allocation maps to ratios; some read none."""
    allocation = CONFIG["allocations"][wildcards.allocation]
    if allocation["allocator"] in allocations.WANDA_SCORED:
        return rules.measure_wanda_scores.output.scores
    family = metric_names.FAMILY.get(allocation.get("metric"))
    return f"results/metrics/{wildcards.model}/{family}.csv" if family else []


def segments_of(wildcards):
    """The segments inside which an allocation averages, or whose gradients it blends."""
    allocation = CONFIG["allocations"][wildcards.allocation]
    owner = allocation.get("segments", allocations.OWN)
    if "segments" in allocation or allocation.get("blend", {}).get("importance") == "segments":
        return f"results/segments/{wildcards.model if owner == allocations.OWN else owner}.json"
    return []


def gradients_of(wildcards):
    """The gradients that an allocation is blended with."""
    blended = "blend" in CONFIG["allocations"][wildcards.allocation]
    return rules.measure_gradients.output.norms if blended else []


def tuned_of(wildcards):
    """What was chosen for an allocation that leaves something open."""
    settings = CONFIG["allocations"][wildcards.allocation]
    return rules.tune_allocation.output.record if allocations.is_tuned(settings) else []


def tune_settings(wildcards):
    """An allocation, and what its open settings may be."""
    settings = ratio_settings(wildcards)
    named = CONFIG["allocations"][wildcards.allocation]
    return settings | {"candidates": allocations.candidates(named, CONFIG["tune"])}


def tune_digest(wildcards):
    """Changes when the code that tries an allocation changes in meaning."""
    return digest("tune_allocation", *ratio_modules(wildcards), *prune_modules(wildcards))


def calibration_to_tune_on(wildcards):
    """The first seed's calibration tokens, for the methods that read some."""
    return TOKENS if calibrated(wildcards.method) else []


def table_of_segments(wildcards):
    """Where a model's segments come from: a given table, or how similar its blocks are."""
    given = CONFIG["models"][wildcards.model].get("segments")
    return {"given": given} if given else {"similarity": rules.measure_similarity.output.similarity}


def ratio_modules(wildcards):
    """The modules that an allocation chooses by name."""
    settings = CONFIG["allocations"][wildcards.allocation]
    modules = [f"heavytail.allocators.{settings['allocator']}"]
    modules += ["heavytail.segments"] if segments_of(wildcards) else []
    return modules + (["heavytail.blend"] if "blend" in settings else [])


def ratio_digest(wildcards):
    """Changes when the code that gives an allocation's ratios changes in meaning."""
    return digest("allocate_sparsity", *ratio_modules(wildcards))


def ratio_settings(wildcards):
    """What decides the ratio table of an allocation."""
    target, of = axes.target_of(wildcards.sparsity)
    settings = allocation_settings(wildcards.allocation, wildcards.method)
    return settings | {"sparsity": target, "of": of}
