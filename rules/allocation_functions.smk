"""Input functions, settings and digests of allocations."""


def allocation_settings(allocation, model, method, sparsity):
    """The settings that decide the ratios of an allocation, with the epsilon of such cells."""
    named = CONFIG["allocations"][allocation]
    settings = {key: named[key] for key in named.keys() - NO_SETTINGS}
    if settings.get("metric", allocations.TUNE) != allocations.TUNE:
        settings["direction"] = metric_names.METRICS[settings["metric"]].direction
    if settings.get("grouping", allocations.TUNE) != allocations.TUNE:
        settings["projections"] = list(groupings.projections_of(settings.pop("grouping")))
    if "epsilon" in settings:
        cell = (model, METHODS[method][0], sparsity)
        settings["epsilon"] = epsilons.epsilon_of(settings["epsilon"], *cell)
    return dict(sorted(settings.items()))


def shapes_of(wildcards):
    """The file from which the shapes of a model's matrices are read."""
    return PUBLISHED_MODEL if wildcards.model in PUBLISHED else MODEL


def files_for_shapes(wildcards):
    """The files of a model that has any, if they are stored as a folder."""
    return [] if wildcards.model in PUBLISHED else FILES


@cache
def guides_of(allocation):
    """What an allocation reads beside the shapes of the matrices, as paths that contain {model}.

    "scores" are the numbers that it maps to ratios; if trials choose the metric, there is a file of
    each family of candidates, such as "metrics_tails". "segments" are those inside which it averages,
    or whose gradients it blends. "gradients" are those of the blocks.
    """
    settings, found = CONFIG["allocations"][allocation], {}
    reads = allocators.ALLOCATORS[settings["allocator"]].reads
    if reads == allocators.WANDA_SCORES:
        found["scores"] = path_of(rules.measure_wanda_scores.output.scores)
    elif reads == allocators.METRIC and settings["metric"] == allocations.TUNE:
        for family in {metric_names.METRICS[name].family for name in CONFIG["tune"]["metric"]}:
            found[f"metrics_{family}"] = f"<results>/metrics/{{model}}/{family}.csv"
    elif reads == allocators.METRIC:
        family = metric_names.METRICS[settings["metric"]].family
        found["scores"] = f"<results>/metrics/{{model}}/{family}.csv"
    elif reads == allocators.WEIGHT_SCORES:
        found["scores"] = "<results>/weight_scores/{model}.safetensors"
    elif reads == allocators.REMOVAL_ERRORS:
        found["scores"] = path_of(rules.measure_removal_errors.output.errors)
    elif reads == allocators.FILE:
        found["scores"] = as_input(settings["file"])
    if "segments" in settings or settings.get("blend", {}).get("importance") == "segments":
        owner = settings.get("segments", allocations.OWN)
        found["segments"] = (
            f"<results>/segments/{'{model}' if owner == allocations.OWN else owner}.json"
        )
    if "blend" in settings:
        found["gradients"] = path_of(rules.measure_gradients.output.norms)
    return found


def ratio_inputs(wildcards):
    """The guides of an allocation and, if trials or a search decide, what these found."""
    found, named = guides_of(wildcards.allocation), CONFIG["allocations"][wildcards.allocation]
    if allocations.is_tuned(named):
        found = found | {"tuned": path_of(rules.tune_allocation.output.record)}
    if allocators.ALLOCATORS[named["allocator"]].reads == allocators.SEARCHED:
        found = found | {"scores": path_of(rules.search_allocation.output.ratios)}
    return {name: filled(path, wildcards) for name, path in found.items()}


def table_of_segments(wildcards):
    """Where a model's segments come from: a given table, or the similarity of its blocks."""
    given = CONFIG["models"][wildcards.model].get("segments")
    return (
        {"given": as_input(given)}
        if given
        else {"similarity": path_of(rules.measure_similarity.output.similarity)}
    )


def ratio_modules(wildcards):
    """The modules that an allocation chooses by name."""
    settings = CONFIG["allocations"][wildcards.allocation]
    modules = [f"heavytail.allocation.allocators.{settings['allocator']}"]
    modules += (
        ["heavytail.allocation.segments"] if "segments" in guides_of(wildcards.allocation) else []
    )
    return modules + (["heavytail.allocation.blend"] if "blend" in settings else [])


def ratio_digest(wildcards):
    """A digest that changes if the code that computes the ratios changes in meaning."""
    return digest_for(wildcards.model, "allocate_sparsity", *ratio_modules(wildcards))


def ratio_settings(wildcards):
    """The settings that decide the ratio table of an allocation."""
    target, group_size = axes.target_of(wildcards.sparsity)
    settings = allocation_settings(
        wildcards.allocation, wildcards.model, wildcards.method, wildcards.sparsity
    )
    return settings | {"sparsity": target, "group_size": group_size}
