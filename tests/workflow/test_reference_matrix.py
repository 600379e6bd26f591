"""config/notes.yaml with tiny models, from the hub's data to the reference results beside ours.

The ratios are computed from the weights. The numbers beside which the reference stands are made up.
"""

import json

import pandas as pd
import pytest
import yaml

from heavytail.config.reference import read_reference
from heavytail.tables.cells import read_csv
from heavytail.tables.reference import importance, segments_of
from support.data_sets import publish
from support.project import ROOT
from support.tiny_model import save_model

pytestmark = pytest.mark.slow
SEGMENTS = {"llama-7b": [[0], [1, 2]], "llama-2-7b": [[0, 1], [2]]}
# The other model lends its segments.
MODEL, METHOD = "llama-2-7b", "wanda"


def chosen(settings: dict) -> bool:
    """The allocations with segments or a blend, and GT."""
    if {"segments", "blend"} & settings.keys():
        return True
    other = {"metric", "mapping"} & settings.keys() or settings.get("epsilon") == "tune"
    return settings.get("grouping") == "gt" and not other


def of_these(settings: dict) -> dict | None:
    """An allocation for the model and the method alone; None when it is for another."""
    if MODEL not in settings.get("models", [MODEL]) or METHOD not in settings.get(
        "methods", [METHOD]
    ):
        return None
    return settings | {"models": [MODEL], "methods": [METHOD]}


def small(config: dict) -> dict:
    """config/notes.yaml with tiny models, little text and no tasks."""
    own = {name: of_these(settings) for name, settings in config["allocations"].items()}
    return config | {
        "models": {
            model: {"path": f"tiny-{model}", "segments": f"{model}.json"} for model in SEGMENTS
        },
        "methods": [METHOD],
        "allocations": {name: kept for name, kept in own.items() if kept and chosen(kept)},
        "calibration": config["calibration"] | {"samples": 4, "length": 32},
        "evaluation": config["evaluation"] | {"length": 32, "windows": 8},
        "tasks": [],
    }


def wanted(result: dict) -> bool:
    """Whether a reference result has the settings of one of these cells."""
    plain = result["grouping"] == "gt"
    return (
        (result["model"] == MODEL and result["method"] == METHOD)
        and result["quantity"] == "ppl_wikitext2"
        and bool(segments_of(result) or importance(result) or plain)
    )


def test_every_number_with_segments_blends_or_gt_stands_beside_a_cell(fresh, hub, tmp_path):
    publish(hub, tmp_path / "hub")
    for seed, (model, segments) in enumerate(SEGMENTS.items()):
        save_model(fresh.folder / f"tiny-{model}", seed=seed)
        (fresh.folder / f"{model}.json").write_text(json.dumps(segments))
    fresh.configure(**small(yaml.safe_load((ROOT / "config/notes.yaml").read_text())))
    fresh.stand_in("prune_cell", "evaluate_perplexity")
    fresh.run("results/tables/reference.md", "results/tables/llama-2-7b.md")
    tables = fresh.folder / "results/tables"
    found, cells = read_csv(tables / "reference.csv"), read_csv(tables / "cells.csv")
    key = ["line", "model", "grouping", "blend", "segments_of", "reference"]
    shipped = read_reference(ROOT / "resources/reference/results.csv")
    results = pd.DataFrame(filter(wanted, shipped)).astype({"line": int})
    results = results.assign(reference=results["value"].astype(float))
    theirs = set(results[key].itertuples(index=False, name=None))
    beside = found[key].fillna({"blend": "", "segments_of": ""})
    assert len(theirs) > 5 and set(beside.itertuples(index=False, name=None)) == theirs
    measured = cells.set_index(["model", "allocation"])["perplexity"]
    compared = [tuple(names) for names in found[["model", "allocation"]].to_numpy()]
    assert found["ours"].tolist() == [measured[names] for names in compared]
    blended = found["blend"].notna()
    assert blended.any() and (found["weight"].notna() == blended).all()
    assert (tables / "reference.md").read_text().count("0.5 assumed") == blended.sum()
    assert "(reference " in (tables / "llama-2-7b.md").read_text()
    # The segments of another model, as one reference result has them.
    assert ("llama-2-7b", "qkout-split-7b") in compared
    table = read_csv(fresh.folder / "results/ratios/llama-2-7b/wanda/0.7/qkout-split-7b.csv")
    ratios = table.groupby("block")["sparsity"].first()
    assert ratios[0] != ratios[1] == ratios[2]
