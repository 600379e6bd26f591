"""What every rule file shares: the checked config, the cells, paths of cells, code digests."""

import re
import sys
from functools import cache
from itertools import product
from pathlib import Path

import yaml

sys.path.append(str(Path(workflow.source_path("../scripts/heavytail/settings.py")).parents[1]))

from heavytail.groupings import projections_of
from heavytail.settings import SettingsError, checked
from heavytail.source_digest import digest as digest_of

CALIBRATED = ("wanda", "sparsegpt")
# A cell below its model's folder, spelled here and nowhere else.
CELL = "{method}/{sparsity}/{allocation}/seed-{seed}"
DENSE = "dense"

with open(workflow.source_path("../config/schema.yaml")) as handle:
    try:
        CONFIG = checked(
            config, yaml.safe_load(handle), [Path.cwd(), Path(workflow.basedir)]
        )
    except SettingsError as error:
        sys.exit(f"config: {error}")


def any_of(names):
    """A regular expression that matches exactly the given names."""
    return "|".join(re.escape(str(name)) for name in names)


wildcard_constraints:
    model=any_of(CONFIG["models"]),
    method=any_of(CONFIG["methods"]),
    allocation=any_of(CONFIG["allocations"]),
    sparsity=any_of(CONFIG["sparsity"]),
    seed=any_of(CONFIG["seeds"]),
    task=any_of(CONFIG["tasks"]),


@cache
def source_of(name):
    """The source of a script or of a module of the package, None when there is none."""
    path = Path(workflow.source_path(f"../scripts/{name.replace('.', '/')}.py"))
    return path.read_text(encoding="utf-8") if path.is_file() else None


@cache
def digest(*names):
    """Changes when the code that these scripts and modules reach changes in meaning."""
    return digest_of(list(names), source_of)


def cells():
    """The wildcards of every pruned cell of one model, in the order of the tables."""
    axes = ("method", "sparsity", "allocation", "seed")
    keys = ("methods", "sparsity", "allocations", "seeds")
    return [dict(zip(axes, values)) for values in product(*(CONFIG[key] for key in keys))]


def artifact_path(model, cell):
    """The pruned weights of a cell; the dense model has none."""
    return None if cell == DENSE else f"results/pruned/{model}/{cell}.safetensors"


def allocation_settings(allocation, method):
    """What decides the ratios of an allocation, with the method's own epsilon."""
    settings = dict(CONFIG["allocations"][allocation])
    if "grouping" in settings:
        settings["projections"] = list(projections_of(settings.pop("grouping")))
    if isinstance(settings.get("epsilon"), dict):
        settings["epsilon"] = settings["epsilon"][method]
    return dict(sorted(settings.items()))


def model_of(wildcards):
    """The file that stands for a model: small, and different when any weight is."""
    return f"results/models/{wildcards.model}/provenance.json"
