"""The notes' own matrix, its models tiny: from the hub's data to the notes' numbers beside ours.

The ratios are computed from the weights; ours are made up, which is what the notes stand beside.
"""

import json

import pandas as pd
import pytest
import yaml

from heavytail.config.reference import read_notes
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
    """The notes' config with tiny models, little text and no tasks."""
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


def wanted(note: dict) -> bool:
    """The rows of the notes that these cells are of."""
    plain = note["grouping"] == "gt"
    return (
        (note["model"] == MODEL and note["method"] == METHOD)
        and note["quantity"] == "ppl_wikitext2"
        and bool(segments_of(note) or importance(note) or plain)
    )


def test_every_number_with_segments_blends_or_gt_stands_beside_a_cell(fresh, hub, tmp_path):
    publish(hub, tmp_path / "hub")
    for seed, (model, segments) in enumerate(SEGMENTS.items()):
        save_model(fresh.folder / f"tiny-{model}", seed=seed)
        (fresh.folder / f"{model}.json").write_text(json.dumps(segments))
    fresh.configure(**small(yaml.safe_load((ROOT / "config/notes.yaml").read_text())))
    fresh.stand_in("prune_cell", "evaluate_perplexity")
    fresh.run("results/tables/notes.md", "results/tables/llama-2-7b.md")
    tables = fresh.folder / "results/tables"
    found, cells = read_csv(tables / "notes.csv"), read_csv(tables / "cells.csv")
    key = ["line", "model", "grouping", "blend", "segments_of", "notes"]
    notes = pd.DataFrame(filter(wanted, read_notes(ROOT / "resources/notes/results.csv")))
    notes = notes.astype({"line": int}).assign(notes=notes["value"].astype(float))
    theirs = set(notes[key].itertuples(index=False, name=None))
    beside = found[key].fillna({"blend": "", "segments_of": ""})
    assert len(theirs) > 5 and set(beside.itertuples(index=False, name=None)) == theirs
    measured = cells.set_index(["model", "allocation"])["perplexity"]
    places = [tuple(place) for place in found[["model", "allocation"]].to_numpy()]
    assert found["ours"].tolist() == [measured[place] for place in places]
    blended = found["blend"].notna()
    assert blended.any() and (found["weight"].notna() == blended).all()
    assert (tables / "notes.md").read_text().count("0.5 assumed") == blended.sum()
    assert "(notes " in (tables / "llama-2-7b.md").read_text()
    # The segments of another model, as the notes have it once.
    assert ("llama-2-7b", "qkout-split-7b") in places
    table = read_csv(fresh.folder / "results/ratios/llama-2-7b/wanda/0.7/qkout-split-7b.csv")
    ratios = table.groupby("block")["sparsity"].first()
    assert ratios[0] != ratios[1] == ratios[2]
