"""Where each model family keeps the canonical projections of a block (standard library only)."""

from collections.abc import Callable
from dataclasses import dataclass

from heavytail.projections import PROJECTIONS

# Projections that read the same activations share one statistic; in the order of a forward pass.
SHARED_INPUTS = (
    ("q_proj", "k_proj", "v_proj"),
    ("o_proj",),
    ("gate_proj", "up_proj"),
    ("down_proj",),
)
EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")


@dataclass(frozen=True)
class Place:
    """A projection's rows: from `start` to `stop` in each of `groups` equal parts of a weight.

    A projection with a module of its own has all rows; a fused one shares its module.
    """

    module: str
    groups: int = 1
    start: int = 0
    stop: int | None = None

    def view(self, weight):
        """The projection as a view of its module's weight, [groups, rows, columns]."""
        return weight.unflatten(0, (self.groups, -1))[:, self.start : self.stop]

    def read(self, weight):
        """The projection, [rows, columns], of its module's weight; a view where rows adjoin."""
        return self.view(weight).flatten(0, 1)

    def write(self, weight, values) -> None:
        """Give the projection new values, [rows, columns], inside its module's weight."""
        self.view(weight).copy_(values.unflatten(0, (self.groups, -1)))

    def shape(self, whole: tuple[int, ...]) -> tuple[int, int]:
        """The projection's [rows, columns] in a weight of shape `whole`."""
        rows, columns = whole
        return self.groups * len(range(rows // self.groups)[self.start : self.stop]), columns


@dataclass(frozen=True)
class Family:
    """`blocks`: prefix of the blocks' tensors; `places`: config.json → projection → place."""

    blocks: str
    places: Callable[[dict], dict[str, Place]]


def _llama(_config: dict) -> dict[str, Place]:
    return {
        projection: Place(f"{'mlp' if projection in PROJECTIONS[4:] else 'self_attn'}.{projection}")
        for projection in PROJECTIONS
    }


def _phi3(config: dict) -> dict[str, Place]:
    heads = config["num_attention_heads"]
    width = config.get("head_dim") or config["hidden_size"] // heads
    queries = heads * width
    keys = queries + width * (config.get("num_key_value_heads") or heads)
    qkv, gate_up = "self_attn.qkv_proj", "mlp.gate_up_proj"
    inner = config["intermediate_size"]
    return _llama(config) | {
        "q_proj": Place(qkv, stop=queries),
        "k_proj": Place(qkv, start=queries, stop=keys),
        "v_proj": Place(qkv, start=keys),
        "gate_proj": Place(gate_up, stop=inner),
        "up_proj": Place(gate_up, start=inner),
    }


def _gpt_neox(config: dict) -> dict[str, Place]:
    # Query, key and value of a head adjoin.
    heads = config["num_attention_heads"]
    width = config["hidden_size"] // heads
    return {
        name: Place("attention.query_key_value", heads, part * width, (part + 1) * width)
        for part, name in enumerate(SHARED_INPUTS[0])
    } | {
        "o_proj": Place("attention.dense"),
        "up_proj": Place("mlp.dense_h_to_4h"),
        "down_proj": Place("mlp.dense_4h_to_h"),
    }


def _opt(_config: dict) -> dict[str, Place]:
    return {name: Place(f"self_attn.{name}") for name in SHARED_INPUTS[0]} | {
        "o_proj": Place("self_attn.out_proj"),
        "up_proj": Place("fc1"),
        "down_proj": Place("fc2"),
    }


# model_type of config.json → family
FAMILIES = {
    **dict.fromkeys(
        ("llama", "mistral", "qwen2", "qwen3", "gemma"), Family("model.layers", _llama)
    ),
    "phi3": Family("model.layers", _phi3),
    "gpt_neox": Family("gpt_neox.layers", _gpt_neox),
    "opt": Family("model.decoder.layers", _opt),
}


def family_of(config: dict) -> Family:
    """The family of a config.json.

    Raises ValueError for one that is not supported, mixtures of experts among them.
    """
    name = config.get("model_type")
    if any(config.get(key) for key in EXPERTS):
        raise ValueError(f"config.json: model_type {name!r} is a mixture of experts: not supported")
    if name not in FAMILIES:
        known = ", ".join(sorted(FAMILIES))
        raise ValueError(f"config.json: model_type {name!r} is not one of {known}")
    return FAMILIES[name]


def places_of(config: dict) -> dict[str, Place]:
    """Canonical projection → its place inside a block, in canonical order.

    Raises ValueError for a family that is not supported and for a config.json that lacks a size.
    """
    try:
        return family_of(config).places(config)
    except KeyError as error:
        raise ValueError(f"config.json: {error.args[0]}: missing") from error


def stages(places: dict[str, Place]) -> list[tuple[str, ...]]:
    """The projections of a family by the activations that they read."""
    found = (tuple(name for name in sharing if name in places) for sharing in SHARED_INPUTS)
    return [sharing for sharing in found if sharing]
