"""A mixture of experts through the default matrix: tables, spectra, ratios, masks and an export."""

import json

import pandas as pd
import pytest
from transformers import AutoModelForCausalLM

from support.tiny_model import save_model

pytestmark = pytest.mark.slow

EXPERTS = 4
CELL = "tiny/sparsegpt/0.7/gate/seed-0"


def test_a_mixture_goes_through_the_matrix(fresh):
    save_model(
        fresh.folder / "mixture",
        "mixtral",
        num_local_experts=EXPERTS,
        num_experts_per_tok=2,
        num_hidden_layers=2,
    )
    fresh.configure(
        models={"tiny": {"path": "mixture"}},
        methods=["magnitude", "wanda", "sparsegpt"],
        allocations={
            "uniform": {"allocator": "uniform"},
            "gt": {"grouping": "gt", "epsilon": 0.3, "methods": ["wanda"]},
            "gate": {"grouping": "gate", "epsilon": 0.3, "methods": ["sparsegpt"]},
            "matrix": {
                "grouping": "gt",
                "epsilon": 0.3,
                "mapping": "matrix",
                "methods": ["magnitude"],
            },
        },
        sparsity=[0.7],
        tasks=[],
    )
    fresh.run()
    fresh.run(f"results/exported/{CELL}")
    assert fresh.planned() == {}
    cells = pd.read_csv(fresh.folder / "results/tables/cells.csv")
    assert len(cells) == 1 + 3 + 3 and cells["perplexity"].notna().all()
    ratios = pd.read_csv(fresh.folder / "results/ratios/tiny/magnitude/0.7/matrix.csv")
    assert set(ratios["projection"]) == {
        *("q_proj", "k_proj", "v_proj", "o_proj"),
        *(f"{p}.{e}" for p in ("gate_proj", "up_proj", "down_proj") for e in range(EXPERTS)),
    }
    mean = (ratios["parameters"] * ratios["sparsity"]).sum() / ratios["parameters"].sum()
    assert mean == pytest.approx(0.7)
    record = json.loads((fresh.folder / f"results/pruned/{CELL}.json").read_text())
    model = AutoModelForCausalLM.from_pretrained(fresh.folder / f"results/exported/{CELL}")
    experts = model.model.layers[1].mlp.experts
    for expert in range(EXPERTS):
        zeros = int((experts.down_proj[expert] == 0).sum())
        assert zeros == record["removed"][f"1.down_proj.{expert}"]
