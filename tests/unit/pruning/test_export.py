"""Cells as Hugging Face folders and as recipes."""

import pytest
import torch
import yaml
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer

from export_cell import export_cell
from heavytail.config.families import FAMILIES
from heavytail.config.methods import METHODS
from heavytail.models.checkpoint import Checkpoint
from heavytail.models.loading import load_model
from heavytail.pruning.export import recipe
from support.pruned_cells import prune, windows
from support.tiny_model import save_model

CPU = torch.device("cpu")


def exported(folder, work, method: str = "sparsegpt"):
    artifact = prune(folder, work, method)
    inputs = str(folder / "provenance.json"), artifact, str(work / "ratios.csv")
    export_cell(
        *inputs, {"modifier": METHODS[method].modifier, "group_size": None}, str(work / "folder")
    )
    return artifact, work / "folder"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("tied", [True, False])
def test_transformers_loads_an_exported_cell(family, tied, tmp_path):
    folder = save_model(tmp_path / "model", family, tie_word_embeddings=tied)
    artifact, target = exported(folder, tmp_path / "work")
    ours = load_model(folder, CPU, artifact)
    theirs, report = AutoModelForCausalLM.from_pretrained(target, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"]
    expected, found = ours.state_dict(), theirs.state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())
    head, embedding = theirs.get_output_embeddings(), theirs.get_input_embeddings()
    assert (head.weight is embedding.weight) == tied
    assert AutoTokenizer.from_pretrained(target).decode([72, 105])
    assert theirs(input_ids=windows()).logits.isfinite().all()


def test_shards_and_dtypes_stay_as_they_were(model_folder, tmp_path):
    folder = tmp_path / "model"
    load_model(model_folder, CPU).half().save_pretrained(folder, max_shard_size="30KB")
    _, target = exported(folder, tmp_path / "work", "wanda")
    names = {path.name for path in folder.iterdir()} - {"provenance.json"}
    assert {path.name for path in target.iterdir()} == names | {"recipe.yaml"}
    for shard in folder.glob("*.safetensors"):
        with safe_open(shard, "pt") as before, safe_open(target / shard.name, "pt") as after:
            assert set(before.keys()) == set(after.keys())
            for name in before.keys():  # noqa: SIM118
                dense, sparse = before.get_tensor(name), after.get_tensor(name)
                assert dense.dtype == sparse.dtype and dense.shape == sparse.shape
                assert torch.equal(sparse, torch.where(sparse == 0, 0, dense))


def test_the_recipe_gives_every_module_its_ratio(tmp_path):
    folder = save_model(tmp_path / "model", "phi3")
    checkpoint = Checkpoint(folder)
    ratios = {(block, p): (block + 1) / 8 for block, p in checkpoint.matrices()}
    # Of the fused module 32 rows of queries and 16 of keys and of values.
    ratios[0, "q_proj"] = 0.5
    found = recipe(checkpoint, "SparseGPTModifier", ratios, None)["pruning_stage"]
    modifiers = [group["SparseGPTModifier"] for group in found.values()]
    by_module = {name: m["sparsity"] for m in modifiers for name in m["targets"]}
    model = load_model(folder, CPU)
    linear = {n for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)}
    assert by_module.keys() == linear - {"lm_head"}
    assert by_module["model.layers.0.self_attn.qkv_proj"] == pytest.approx((0.5 + 0.125) / 2)
    assert by_module["model.layers.2.mlp.down_proj"] == 3 / 8
    found = recipe(checkpoint, "WandaPruningModifier", dict.fromkeys(ratios, 0.625), 8)[
        "pruning_stage"
    ]
    (group,) = found.values()
    # llm-compressor's N counts what goes.
    assert group["WandaPruningModifier"]["mask_structure"] == "5:8"
    (group,) = recipe(checkpoint, "MagnitudePruningModifier", dict.fromkeys(ratios, 0.5), None)[
        "pruning_stage"
    ].values()
    assert group["MagnitudePruningModifier"]["final_sparsity"] == 0.5


def test_the_recipe_beside_the_weights_is_plain_yaml(model_folder, tmp_path):
    _, target = exported(model_folder, tmp_path, "wanda")
    found = yaml.safe_load((target / "recipe.yaml").read_text())
    (group,) = found["pruning_stage"].values()
    assert group["WandaPruningModifier"]["sparsity"] == 0.6
    assert len(group["WandaPruningModifier"]["targets"]) == 21


def test_a_method_without_a_modifier_has_no_recipe(model_folder, tmp_path):
    artifact = prune(model_folder, tmp_path, "wanda")
    inputs = str(model_folder / "provenance.json"), artifact, str(tmp_path / "ratios.csv")
    export_cell(*inputs, {"modifier": None, "group_size": None}, str(tmp_path / "folder"))
    assert not (tmp_path / "folder/recipe.yaml").exists()
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "folder")
