"""Input functions, settings and digests of allocations."""


def allocation_settings(allocation, method):
    """What decides the ratios of an allocation, with the method's own epsilon."""
    named = CONFIG["allocations"][allocation]
    settings = {key: named[key] for key in named.keys() - {"models", "methods"}}
    if "metric" in settings:
        settings["direction"] = metric_names.METRICS[settings["metric"]].direction
    if settings.get("grouping", allocations.TUNE) != allocations.TUNE:
        settings["projections"] = list(groupings.projections_of(settings.pop("grouping")))
    if isinstance(settings.get("epsilon"), dict):
        settings["epsilon"] = settings["epsilon"][METHODS[method][0]]
    return dict(sorted(settings.items()))


def shapes_of(wildcards):
    """The file that the shapes of a model's matrices come from."""
    return PUBLISHED_MODEL if wildcards.model in PUBLISHED else MODEL


@cache
def guides_of(allocation):
    """What an allocation reads beside the shapes of the matrices, paths with {model} in them.

    "scores", the numbers that it maps to ratios; "segments", inside which it averages or whose
    gradients it blends; "gradients".
    """
    settings, found = CONFIG["allocations"][allocation], {}
    reads = allocators.ALLOCATORS[settings["allocator"]].reads
    if reads == allocators.WANDA_SCORES:
        found["scores"] = rules.measure_wanda_scores.output.scores
    elif reads == allocators.METRIC:
        family = metric_names.METRICS[settings["metric"]].family
        found["scores"] = f"results/metrics/{{model}}/{family}.csv"
    if "segments" in settings or settings.get("blend", {}).get("importance") == "segments":
        owner = settings.get("segments", allocations.OWN)
        found["segments"] = (
            f"results/segments/{'{model}' if owner == allocations.OWN else owner}.json"
        )
    if "blend" in settings:
        found["gradients"] = rules.measure_gradients.output.norms
    return found


def ratio_inputs(wildcards):
    """The guides of an allocation, and what trials chose of it."""
    found = guides_of(wildcards.allocation)
    if allocations.is_tuned(CONFIG["allocations"][wildcards.allocation]):
        found = found | {"tuned": rules.tune_allocation.output.record}
    return {name: path.format(**dict(wildcards.items())) for name, path in found.items()}


def tune_inputs(wildcards):
    """The guides of an allocation, and the calibration tokens of the methods that read some."""
    found = guides_of(wildcards.allocation)
    found = found | {"calibration": TOKENS} if calibrated(wildcards.method) else found
    return {name: path.format(model=wildcards.model) for name, path in found.items()}


def tune_settings(wildcards):
    """An allocation, and what its open settings may be."""
    settings = ratio_settings(wildcards)
    named = CONFIG["allocations"][wildcards.allocation]
    return settings | {"candidates": allocations.candidates(named, CONFIG["tune"])}


def tune_digest(wildcards):
    """Changes when the code that tries an allocation changes in meaning."""
    return digest("tune_allocation", *ratio_modules(wildcards), *prune_modules(wildcards))


def table_of_segments(wildcards):
    """Where a model's segments come from: a given table, or how similar its blocks are."""
    given = CONFIG["models"][wildcards.model].get("segments")
    return {"given": given} if given else {"similarity": rules.measure_similarity.output.similarity}


def ratio_modules(wildcards):
    """The modules that an allocation chooses by name."""
    settings = CONFIG["allocations"][wildcards.allocation]
    modules = [f"heavytail.allocation.allocators.{settings['allocator']}"]
    modules += (
        ["heavytail.allocation.segments"] if "segments" in guides_of(wildcards.allocation) else []
    )
    return modules + (["heavytail.allocation.blend"] if "blend" in settings else [])


def ratio_digest(wildcards):
    """Changes when the code that gives an allocation's ratios changes in meaning."""
    return digest("allocate_sparsity", *ratio_modules(wildcards))


def ratio_settings(wildcards):
    """What decides the ratio table of an allocation."""
    target, of = axes.target_of(wildcards.sparsity)
    settings = allocation_settings(wildcards.allocation, wildcards.method)
    return settings | {"sparsity": target, "of": of}


def ratio_rows(model):
    """Every table of ratios of a model, as wildcards, in the order of the tables."""
    names = ("method", "sparsity", "allocation")
    found = dict.fromkeys(tuple(cell[name] for name in names) for cell in cells(model))
    return [dict(zip(names, values)) for values in found]


def ratio_tables(wildcards):
    """The files of `ratio_rows`."""
    path = rules.allocate_sparsity.output.ratios
    return [path.format(model=wildcards.model, **row) for row in ratio_rows(wildcards.model)]


# The models that an allocation is for.
ALLOCATED = [model for model in CONFIG["models"] if ratio_rows(model)]
