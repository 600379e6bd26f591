"""The package at parse time, the checked config, cells and digests, for all other rule files."""

import hashlib
import os
import re
import shlex
import sys
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.util import spec_from_file_location
from itertools import product
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

if set("{}") & set(workflow.basedir):
    # Snakemake fills in the braces of the paths of scripts and environments, and has no escape.
    sys.exit(f"{workflow.basedir}: found braces in the path of the workflow: move it")
# A job computes with this project and its environment, whatever else Python was told to look for: a
# job gets both PYTHONPATH and this process's path. The working directory stands in it too.
foreign = (os.getcwd(), *os.environ.pop("PYTHONPATH", "").split(os.pathsep))
foreign = {os.path.realpath(folder) for folder in foreign}
sys.path[:] = [folder for folder in sys.path if os.path.realpath(folder) not in foreign]
# Snakemake puts this into command lines as it is, and it may have a blank.
if os.path.exists(sys.executable):
    sys.executable = shlex.quote(sys.executable)


def source_path(name):
    """The file of a script or of a module of the package; None if there is no such file.

    If the workflow is on another machine, Snakemake fetches the file first.
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
    """Finds the package that belongs to this workflow, whatever else is on the import path."""

    def find_spec(self, name, path=None, target=None):
        """Where a module of the package is; None for any other module."""
        if name.partition(".")[0] != "heavytail" or not (file := source_path(name)):
            return None
        folder = [str(Path(file).parent)] if file.endswith("__init__.py") else None
        return spec_from_file_location(name, file, submodule_search_locations=folder)


# Another workflow in this process may have loaded another version of the package.
for name in [name for name in sys.modules if name.partition(".")[0] == "heavytail"]:
    del sys.modules[name]
sys.meta_path.insert(0, PackageFinder())

from heavytail import cells as axes
from heavytail.config import allocations, allocators, command_line, epsilons, families, groupings
from heavytail.config import methods
from heavytail.config import metrics as metric_names
from heavytail.config import mistakes, model_folder, own_tasks, own_texts, protocols, search
from heavytail.config import settings, task_files, text_files, texts
from heavytail.io import files
from heavytail.io.checksums import checksums, together
from heavytail.running import digest as source_digest

# Turns a path of the rules, such as "<results>/models", into the name of a file.
resolved = workflow.pathvars.apply

# This file stands for a model: it is small, and it differs if any weight differs.
MODEL = "<results>/models/{model}/provenance.json"
# The path of a cell below the folder of its model.
CELL = axes.PATH
DENSE = axes.DENSE

# A job whose machine may have its inputs alone: files go through a storage provider.
APART = not workflow.is_main_process and workflow.storage_settings.default_storage_provider

with open(workflow.source_path("../config/schema.yaml")) as handle:
    try:
        schema = yaml.safe_load(handle)
        folders = [] if APART else [Path.cwd(), Path(workflow.basedir)]
        given = command_line.as_written(config, workflow.config_settings.config, schema)
        CONFIG = settings.checked(given, schema, folders)
    except mistakes.SettingsError as error:
        sys.exit(f"config: {error}")


# Every text by its name, the built-in ones and those of the config.
TEXTS = own_texts.all_texts(CONFIG["texts"])
# The tasks by their names.
TASKS = own_tasks.all_tasks(CONFIG["tasks"])
# The protocol by which tables rank, and the others by their names.
FIRST, *others = CONFIG["evaluation"]
OTHERS = {protocols.name_of(protocol): protocol for protocol in others}
# The calibration tokens of the first seed, which serve all cells of a model whatever their seed.
TOKENS = f"<results>/calibration/{{model}}/seed-{CONFIG['seeds'][0]}.safetensors"

# The {method} of paths and tables → the method, its way through a block, and the steps after it.
METHODS = methods.labels(*(CONFIG[key] for key in ("methods", "within_block", "refine", "update")))
# Models that have ratios but no cells; models that are pruned; models whose dense model is checked.
PUBLISHED = [model for model, entry in CONFIG["models"].items() if "alphas" in entry]
WEIGHTED = [model for model in CONFIG["models"] if model not in PUBLISHED]
EXPECTED = [model for model, entry in CONFIG["models"].items() if "perplexity" in entry]


def as_input(path):
    """A file of the config by a path without braces: Snakemake would see a wildcard in them."""
    if not set("{}") & set(path):
        # Only jobs of this machine read it: it does not go through a storage provider.
        return local(path)
    name = hashlib.sha256(path.encode()).hexdigest()[:16] + Path(path).suffix
    link, file = Path(resolved("<results>/links"), name), Path(path).resolve()
    if link.resolve() != file:
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(file)
    return local(str(link))


def any_of(names):
    """A regular expression that matches exactly the given names; nothing if there are none."""
    return "|".join(re.escape(str(name)) for name in names) or "$."


wildcard_constraints:
    model=any_of(CONFIG["models"]),
    method=any_of(METHODS),
    allocation=any_of(CONFIG["allocations"]),
    sparsity=any_of(CONFIG["sparsity"]),
    seed=any_of(CONFIG["seeds"]),
    task=any_of(TASKS),
    protocol=any_of(OTHERS),


@cache
def source_of(name):
    """The source of a script or of a module of the package; None if there is none."""
    path = source_path(name)
    return path and Path(path).read_text(encoding="utf-8")


@cache
def digest(*names):
    """A digest that changes if the code that these scripts and modules reach changes in meaning."""
    return source_digest.digest(list(names), source_of)


def calibrated(method):
    """Whether a method reads calibration text."""
    return METHODS[method][1] is not None


def seeds_of(method):
    """The seeds of a method: without calibration text all seeds give the same cell, so one."""
    return CONFIG["seeds"] if calibrated(method) else CONFIG["seeds"][:1]


def is_for(allocation, model, method, sparsity):
    """Whether an allocation is for a model, a method and a sparsity."""
    named = CONFIG["allocations"][allocation]
    chosen = (("models", model), ("methods", method), ("sparsities", sparsity))
    return all(own in named.get(axis, [own]) for axis, own in chosen)


def cells(model):
    """The wildcards of every pruned cell of a model, in the order of the tables."""
    names = ("method", "sparsity", "allocation", "seed")
    keys = (METHODS, CONFIG["sparsity"], CONFIG["allocations"], CONFIG["seeds"])
    found = [dict(zip(names, values)) for values in product(*keys)]
    return [
        cell
        for cell in found
        if cell["seed"] in seeds_of(cell["method"])
        and is_for(cell["allocation"], model, METHODS[cell["method"]][0], cell["sparsity"])
    ]


@cache
def rows():
    """The wildcards of every row of the tables: the dense model, then its cells, per model."""
    dense = dict.fromkeys(("method", "sparsity", "allocation", "seed"))
    found = [{"model": model, **cell} for model in WEIGHTED for cell in [dense, *cells(model)]]
    return [row | {"cell": CELL.format(**row) if row["method"] else DENSE} for row in found]


# Matches every cell by its parts: with one alternative per cell, of thousands, matching is slow.
CELLS = "|".join(
    CELL.format(
        method=method,
        sparsity=f"({any_of(CONFIG['sparsity'])})",
        allocation=f"({any_of(CONFIG['allocations'])})",
        seed=f"({any_of(seeds_of(method))})",
    )
    for method in METHODS
)
