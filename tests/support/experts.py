"""A tiny mixture of experts, and what each expert's matrices read, token by token."""

import torch
from safetensors.torch import load_file

from heavytail.models.loading import load_model
from heavytail.pruning.artifact import Artifact

CPU = torch.device("cpu")
EXPERTS, CHOSEN = 8, 2
SHAPE = {"num_local_experts": EXPERTS, "num_experts_per_tok": CHOSEN, "num_hidden_layers": 2}
# Mixtral's own names of an expert's matrices.
NAMES = {"gate_proj": "w1", "up_proj": "w3", "down_proj": "w2"}


class Until:
    """A cell of which only the blocks before one are pruned."""

    def __init__(self, artifact: Artifact, block: int):
        self.artifact, self.block = artifact, block

    def apply(self, block: int, name: str, weight: torch.Tensor) -> torch.Tensor:
        return self.artifact.apply(block, name, weight) if block < self.block else weight.clone()

    def bias(self, block: int, name: str) -> torch.Tensor | None:
        return self.artifact.bias(block, name) if block < self.block else None


def stored(folder, block: int) -> dict[tuple[int, str], torch.Tensor]:
    """(expert, projection) → its weights as the file has them, float64."""
    tensors, prefix = load_file(folder / "model.safetensors"), f"model.layers.{block}."
    return {
        (expert, name): tensors[f"{prefix}block_sparse_moe.experts.{expert}.{own}.weight"].double()
        for expert in range(EXPERTS)
        for name, own in NAMES.items()
    }


def read_by(folder, artifact: Artifact, block: int, ids: torch.Tensor) -> dict:
    """(expert, projection) → the inputs of its tokens, a row each, one token after the other."""
    model = load_model(folder, CPU, Until(artifact, block)).double()
    # The fast functions know no float64.
    model.set_experts_implementation("eager")
    given: list[tuple[torch.Tensor, ...]] = []
    experts = model.model.layers[block].mlp.experts
    experts.register_forward_pre_hook(lambda _module, inputs: given.append(inputs))
    with torch.no_grad():
        model(input_ids=ids)
    weights, ((hidden, chosen, _),) = stored(folder, block), given
    found = {(expert, name): [] for expert in range(EXPERTS) for name in NAMES}
    for token, numbers in zip(hidden, chosen.tolist(), strict=True):
        for expert in numbers:
            gate, up = (weights[expert, name] @ token for name in ("gate_proj", "up_proj"))
            inner = gate / (1 + (-gate).exp()) * up
            found[expert, "gate_proj"].append(token)
            found[expert, "up_proj"].append(token)
            found[expert, "down_proj"].append(inner)
    return found
