"""The checked config, the cells and their paths, input functions, digests of code."""

import re
import sys
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.util import spec_from_file_location
from itertools import product
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError


def source_path(name):
    """The file of a script or of a module of the package; None where there is none.

    Snakemake fetches it first where the workflow itself lies elsewhere.
    """
    inner = name.replace(".", "/")
    for file in (f"{inner}.py", f"{inner}/__init__.py"):
        try:
            # A plain str: Snakemake's own kind of path cannot be written into bytecode.
            return str(Path(workflow.source_path(f"../scripts/{file}")))
        except (OSError, WorkflowError):
            pass
    return None


class PackageFinder(MetaPathFinder):
    """Finds the package beside this workflow, whatever else the import path holds."""

    def find_spec(self, name, path=None, target=None):
        """The module's file; None for modules of others."""
        if name.partition(".")[0] != "heavytail" or not (file := source_path(name)):
            return None
        folder = [str(Path(file).parent)] if file.endswith("__init__.py") else None
        return spec_from_file_location(name, file, submodule_search_locations=folder)


# Another workflow of this process may have another version of the package.
for name in [name for name in sys.modules if name.partition(".")[0] == "heavytail"]:
    del sys.modules[name]
sys.meta_path.insert(0, PackageFinder())

from heavytail import cells as axes
from heavytail.config import allocations, groupings, mistakes, model_folder, settings
from heavytail.config import metrics as metric_names
from heavytail.io import files
from heavytail.running import digest as source_digest

# The file that stands for a model: small, and different when any weight is.
MODEL = "results/models/{model}/provenance.json"
# And the one of a model of which there are published alphas alone.
PUBLISHED_MODEL = "results/models/{model}/published.json"
# A cell below its model's folder, spelled here and nowhere else.
CELL = "{method}/{sparsity}/{allocation}/seed-{seed}"
DENSE = axes.DENSE

with open(workflow.source_path("../config/schema.yaml")) as handle:
    try:
        folders = [Path.cwd(), Path(workflow.basedir)]
        CONFIG = settings.checked(config, yaml.safe_load(handle), folders)
    except mistakes.SettingsError as error:
        sys.exit(f"config: {error}")


# A model's first calibration tokens, whatever the seed of a cell.
TOKENS = f"results/calibration/{{model}}/seed-{CONFIG['seeds'][0]}.safetensors"

# The {method} of paths and tables → method and way through a block.
METHODS = axes.labels(CONFIG["methods"], CONFIG["within_block"])
# Models that have ratios but no cells, those that are pruned, and those whose dense model is checked.
PUBLISHED = [model for model, entry in CONFIG["models"].items() if "alphas" in entry]
WEIGHTED = [model for model in CONFIG["models"] if model not in PUBLISHED]
EXPECTED = [model for model, entry in CONFIG["models"].items() if "perplexity" in entry]


def any_of(names):
    """A regular expression that matches exactly the given names, nothing if there are none."""
    return "|".join(re.escape(str(name)) for name in names) or "$."


wildcard_constraints:
    model=any_of(CONFIG["models"]),
    method=any_of(METHODS),
    allocation=any_of(CONFIG["allocations"]),
    sparsity=any_of(CONFIG["sparsity"]),
    seed=any_of(CONFIG["seeds"]),
    task=any_of(CONFIG["tasks"]),


@cache
def source_of(name):
    """The source of a script or of a module of the package, None when there is none."""
    path = source_path(name)
    return path and Path(path).read_text(encoding="utf-8")


@cache
def digest(*names):
    """Changes when the code that these scripts and modules reach changes in meaning."""
    return source_digest.digest(list(names), source_of)


def calibrated(method):
    """Whether a method reads calibration text."""
    return METHODS[method][0] in axes.CALIBRATED


def seeds_of(method):
    """Seeds draw calibration text: without it, all of them give the same cell."""
    return CONFIG["seeds"] if calibrated(method) else CONFIG["seeds"][:1]


def cells(model):
    """The wildcards of every pruned cell of a model, in the order of the tables."""
    names = ("method", "sparsity", "allocation", "seed")
    keys = (METHODS, CONFIG["sparsity"], CONFIG["allocations"], CONFIG["seeds"])
    found = [dict(zip(names, values)) for values in product(*keys)]
    return [
        cell
        for cell in found
        if cell["seed"] in seeds_of(cell["method"])
        and is_for(cell["allocation"], model, METHODS[cell["method"]][0])
    ]


def is_for(allocation, model, method):
    """Whether an allocation is for a model and a method."""
    named = CONFIG["allocations"][allocation]
    return model in named.get("models", [model]) and method in named.get("methods", [method])


def artifact_path(model, cell):
    """The pruned weights of a cell; the dense model has none."""
    return None if cell == DENSE else f"results/pruned/{model}/{cell}.safetensors"


def source_of_model(model):
    """What says which weights a model has: its folder, or its repository and revision."""
    entry = CONFIG["models"][model]
    return {key: entry[key] for key in ("hub", "path", "revision") if key in entry}


def bos_of(model):
    """The BOS policy of a model's zero-shot texts."""
    return CONFIG["models"][model].get("bos", CONFIG["zero_shot"]["bos"])


def local_files_of(model):
    """A local model's files, so that new weights are noticed; nothing for a model of the hub."""
    folder = CONFIG["models"][model].get("path")
    return list(map(str, model_folder.model_files(folder))) if folder else []


# Every cell, by its parts: an alternative for each of thousands would slow down every match.
CELLS = "|".join(
    CELL.format(
        method=method,
        sparsity=f"({any_of(CONFIG['sparsity'])})",
        allocation=f"({any_of(CONFIG['allocations'])})",
        seed=f"({any_of(seeds_of(method))})",
    )
    for method in METHODS
)
# A model, or a cell of it: whatever has weights of which spectra are measured.
SUBJECT = f"({any_of(WEIGHTED)})(/({CELLS}))?"


def subject_model(wildcards):
    """The file that stands for the model of a subject."""
    return f"results/models/{wildcards.subject.split('/')[0]}/provenance.json"


def spectra_of(wildcards, *families):
    """Name of a measure → its file, for all that the families of metrics read."""
    extra = [name for family in families for name in metric_names.EXTRA_SPECTRA.get(family, ())]
    return {name: f"results/{name}/{wildcards.subject}.safetensors" for name in ["spectra", *extra]}


def prune_settings(wildcards):
    """How a cell is pruned, beside its ratios."""
    method, within_block = METHODS[wildcards.method]
    _, of = axes.target_of(wildcards.sparsity)
    return {"method": method, "of": of, "within_block": within_block}


def prune_modules(wildcards):
    """The modules that a cell's pruning chooses by name."""
    method, within_block = METHODS[wildcards.method]
    way = [f"heavytail.pruning.within_block.{within_block}"] if calibrated(wildcards.method) else []
    return [f"heavytail.pruning.methods.{method}", *way]


def prune_digest(wildcards):
    """Changes when the code that prunes a cell changes in meaning."""
    return digest("prune_cell", *prune_modules(wildcards))


def calibration_of(wildcards):
    """The calibration tokens of a cell; magnitude pruning reads none."""
    return rules.freeze_calibration.output.tokens if calibrated(wildcards.method) else []


@cache
def rows():
    """Every row of the tables: the dense model, then its cells, per model."""
    dense = dict.fromkeys(("method", "sparsity", "allocation", "seed"))
    found = [{"model": model, **cell} for model in WEIGHTED for cell in [dense, *cells(model)]]
    for row in found:
        row["cell"] = CELL.format(**row) if row["method"] else DENSE
        row["artifact"] = artifact_path(row["model"], row["cell"])
    return found


def row_settings(row):
    """What the CSV says of a row beside its numbers."""
    if row["cell"] == DENSE:
        return row
    grouping = CONFIG["allocations"][row["allocation"]].get("grouping")
    named = {"grouping": grouping and groupings.name_of(grouping)}
    if calibrated(row["method"]):
        named["within_block"] = METHODS[row["method"]][1]
    if allocations.is_tuned(CONFIG["allocations"][row["allocation"]]):
        named["tuned"] = rules.tune_allocation.output.record.format(**row)
    return row | named | allocation_settings(row["allocation"], row["method"])
