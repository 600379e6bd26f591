"""What the report reads, and what it is told of the matrix."""


def plain(path):
    """A path as a plain str: Snakemake's own kind knows its rule, and no job could take it."""
    return str(resolved(path_of(path)))


def of_models(path, models):
    """Model → its file."""
    return {model: plain(path).format(model=model) for model in models}


def read_guides(model, kind):
    """Name → file of a kind of guide, "scores" or "segments", that allocations of a model read."""
    named = dict.fromkeys(row["allocation"] for row in ratio_rows(model))
    paths = [guides_of(name).get(kind, "") for name in named]
    found = {plain(path).format(model=model) for path in paths if path}
    return {Path(path).stem: path for path in sorted(found)}


def read_metrics(model):
    """Family of metrics → its table, of those that allocations of a model read."""
    found = read_guides(model, "scores")
    return {name: path for name, path in found.items() if name in metric_names.FAMILIES}


def leaves(places):
    """The files of nested places, each once."""
    found = []
    for place in places.values():
        found += leaves(place) if isinstance(place, dict) else [place]
    return list(dict.fromkeys(found))


def places_beside(_wildcards=None):
    """What the report shows if it is there, but does not have made: by the target diagnostics.

    Their content counts in `diagnosed`. What jobs cost is read as it is, and counts in nothing.
    """
    return diagnoses() | {
        "calibration": of_models(TOKENS, WEIGHTED),
        "tasks": {task: plain(f"<results>/data/tasks/{task}.yaml") for task in TASKS},
        "benchmarks": plain("<benchmarks>"),
        "logs": plain("<logs>"),
        "record": plain("<results>/perplexity/{model}/{cell}.json"),
    }


def stored_beside():
    """What of that a store has in any case: the tokens that cells are pruned with, and the tasks."""
    read = [model for model in WEIGHTED if any(calibrated(c["method"]) for c in cells(model))]
    tasks = [plain(f"<results>/data/tasks/{task}.yaml") for task in TASKS]
    return [*of_models(TOKENS, read).values(), *tasks]


def diagnoses():
    """What the target diagnostics writes, as far as the report shows it.

    Of spectra these are the ones that the report does not have made by itself.
    """
    more = {model: compared(model) for model in WEIGHTED}
    for model in MEASURED_MODELS:
        del more[model][DENSE]

    def binned(kind):
        return {
            model: {cell: plain(f"<results>/{kind}/{name}.csv") for cell, name in names.items()}
            for model, names in more.items()
        }

    return {
        "averages": plain(rules.correlate_metrics.output.averages),
        "heads": of_models(rules.write_low_rank.output.values, WEIGHTED),
        "hessians": of_models(rules.measure_hessian.output.record, WEIGHTED),
        "more_densities": binned("densities"),
        "more_tails": binned("tails"),
        "more_metrics": {
            model: {"all": plain(f"<results>/metrics/{model}.csv")} for model in WEIGHTED
        },
    }


def diagnosed(_wildcards=None):
    """Path → SHA-256 of the diagnostics that there are."""
    paths = leaves(diagnoses())
    return {path: files.sha256(path) for path in paths if Path(path).exists()}


def figure_tables(wildcards):
    """Name → table of the matrix that a figure reads."""
    return {name: plain(REPORT_TABLES[name]) for name in FIGURES[wildcards.figure][0]}


def figure_places(wildcards):
    """The files of a model that a figure reads."""
    names = FIGURES[wildcards.figure][1]
    return {name: {wildcards.model: REPORT_PLACES[name][wildcards.model]} for name in names}
