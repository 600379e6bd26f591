"""Bad inputs and the line that each gets. Tests run them, and config/errors.md shows them.

A line that ends in … continues in the words of a library.
"""

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from support.bad_settings import A_NAME, HUB
from support.checkpoints import NOT_ONE, beside, without

WEIGHTS, INDEX, TOKENIZER = "model.safetensors", "model.safetensors.index.json", "tokenizer.json"
LOST = "a shard is missing"
Q = "model.layers.0.self_attn.q_proj.weight"
ROW = {"name": "a", "text": "b"}


class Evil:
    """Shows that a pickle was read: whoever unpickles it finds a file named executed."""

    def __reduce__(self):
        return os.system, ("touch executed",)


PICKLE = pickle.dumps(Evil())


def write(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content) and None


def settings(name: str = "config.json", **changes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        found = json.loads((folder / name).read_text()) | changes
        kept = {key: value for key, value in found.items() if value is not ...}
        (folder / name).write_text(json.dumps(kept))

    return change


def tensor(change: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[Path], None]:
    def rewrite(folder: Path) -> None:
        tensors = load_file(folder / WEIGHTS)
        save_file(tensors | {Q: change(tensors[Q]).contiguous()}, folder / WEIGHTS)

    return rewrite


def cut(size: int) -> Callable[[Path], None]:
    return lambda folder: os.truncate(folder / WEIGHTS, size)


def instead(name: str, content: bytes = b"") -> Callable[[Path], None]:
    """Puts another file in the place of the weights."""

    def replace(folder: Path) -> None:
        (folder / WEIGHTS).unlink()
        (folder / name).write_bytes(content)

    return replace


def folder_instead(name: str) -> Callable[[Path], None]:
    def replace(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return replace


def lost_link(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).symlink_to("nowhere")


# Config file → content, line.
CONFIG_FILES = [
    ("a sequence never closed", b"models: [", "line 1, column 10: not YAML: …"),
    ("a tab", b"models:\n\ta: b", "line 2, column 1: not YAML: …"),
    ("JSON never closed", b'{"models": {', "line 1, column 13: not YAML: …"),
    ("an alias of nothing", b"models: *a", "line 1, column 9: not YAML: found undefined alias 'a'"),
    (
        "code",
        b"models: !!python/object/apply:os.system ['touch executed']",
        "line 1, column 9: not YAML: could not determine a constructor for the tag "
        "'tag:yaml.org,2002:python/object/apply:os.system'",
    ),
    ("a list", b"- models", "expected keys at the top level, as in 'models:'"),
    ("a word", b"models", "expected keys at the top level, as in 'models:'"),
    ("nothing", b"", "expected keys at the top level, as in 'models:'"),
    ("a list as a key", b"? [a]\n: b", "line 1, column 3: not YAML: found unhashable key"),
    ("no such date", b"seeds: 2026-99-99", "not YAML: month must be in 1..12"),
    ("bytes that are not text", b"\xff\xfe", "cannot be read: 'utf-8' codec can't decode …"),
    ("a NUL", b"models: \0", "not YAML: unacceptable character #x0000: …"),
    ("a key written twice", b"seeds: [0]\nseeds: [1]", "line 2: the key 'seeds' occurs twice"),
    (
        "a model named twice",
        b"models:\n  a: {path: b}\n  a: {path: c}",
        "line 3: the key 'a' occurs twice",
    ),
    ("no such file", None, "cannot be read: No such file or directory"),
]

# Bad models, in addition to those of tests/support/bad_settings.py: models → line.
NAMES = [
    ({"modèle": HUB}, f"models: 'modèle' is not {A_NAME}"),
    ({"my model": HUB}, f"models: 'my model' is not {A_NAME}"),
    ({"-a": HUB}, f"models: '-a' is not {A_NAME}"),
    ({"a": HUB | {"hub": "../b"}}, "models.a.hub: '../b' is not a hub repository, OWNER/NAME"),
    ({"a": HUB | {"hub": "a/.."}}, "models.a.hub: 'a/..' is not a hub repository, OWNER/NAME"),
    *(
        (
            {"a": {"path": path}},
            f"models.a.path: {path!r} lies in a folder that the workflow writes itself",
        )
        for path in ("results/models/a", "m/../results/models/a")
    ),
]

BEFORE, JOB = "config: models.a.path: ", "fetch_model a: "
NOT_JSON = f"{BEFORE}m/config.json: not JSON …"
OUT = "results/models/a"
CODE = (
    "auto_map: found code that comes with the model, which is never run; expected a model that the "
    "installed transformers has"
)
NOT_WHOLE = f"{JOB}{OUT}/{WEIGHTS}: not a whole safetensors file …"
NO_WEIGHTS = f"{JOB}{OUT}: no *.safetensors"
NO_NAMES = f"{JOB}{OUT}/{INDEX}: weight_map: expected a map from tensors to files of this folder"
LAYERS = f"{JOB}{OUT}/config.json: num_hidden_layers: found {{}}, expected a whole number above 0"
UNUSABLE = f"{JOB}{OUT}: {{}}: not usable …"

# What is wrong with a model's folder → the function that makes it so, line.
MODELS = [
    ("a config.json never closed", write("config.json", b"{"), NOT_JSON),
    (
        "a list in config.json",
        write("config.json", b"[]"),
        f"{BEFORE}m/config.json: found list, expected an object",
    ),
    ("a config.json that is not text", write("config.json", b"\xff"), NOT_JSON),
    ("a config.json nested 100,000 deep", write("config.json", b"[" * 100_000), NOT_JSON),
    (
        "a NaN in config.json",
        settings(rms_norm_eps=float("nan")),
        f"{BEFORE}m/config.json: not JSON (found NaN, expected a number)",
    ),
    (
        "an infinity in config.json",
        settings(rope_theta=float("inf")),
        f"{BEFORE}m/config.json: not JSON (found Infinity, expected a number)",
    ),
    (
        "a tokenizer_config.json never closed",
        write("tokenizer_config.json", b"{"),
        f"{BEFORE}m/tokenizer_config.json: not JSON …",
    ),
    (
        "a model with code of its own",
        settings(auto_map={"AutoModelForCausalLM": "evil.Evil"}),
        f"{BEFORE}m/config.json: {CODE}",
    ),
    (
        "a tokenizer with code of its own",
        settings("tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.Evil", None]}),
        f"{BEFORE}m/tokenizer_config.json: {CODE}",
    ),
    (
        "an adapter beside the weights",
        beside("adapter_config.json"),
        f"{BEFORE}m/adapter_config.json: found an adapter beside the weights, expected one model: "
        "merge the adapter into them",
    ),
    (
        "a folder named config.json",
        folder_instead("config.json"),
        f"{BEFORE}'m' has no config.json",
    ),
    (
        "only pytorch_model.bin",
        instead("pytorch_model.bin", PICKLE),
        f"{BEFORE}'m' has no *.safetensors file, only pickles, which are never read",
    ),
    ("only model.gguf", instead("model.gguf"), f"{BEFORE}'m' has no *.safetensors file"),
    ("a pickle named model.safetensors", instead(WEIGHTS, PICKLE), NOT_WHOLE),
    ("an empty file of weights", cut(0), NOT_WHOLE),
    ("weights cut in the header", cut(100), NOT_WHOLE),
    ("weights cut in the data", cut(50_000), NOT_WHOLE),
    ("a folder named model.safetensors", folder_instead(WEIGHTS), NO_WEIGHTS),
    ("a broken link to weights", lost_link, NO_WEIGHTS),
    ("an index that is not JSON", write(INDEX, b"no"), f"{JOB}{OUT}/{INDEX}: not JSON …"),
    ("an index without a map", write(INDEX, b"{}"), NO_NAMES),
    ("a shard outside the folder", write(INDEX, b'{"weight_map": {"a": "../b"}}'), NO_NAMES),
    (
        "a shard at an absolute path",
        write(INDEX, b'{"weight_map": {"a": "/etc/passwd"}}'),
        NO_NAMES,
    ),
    ("a shard that is a number", write(INDEX, b'{"weight_map": {"a": 3}}'), NO_NAMES),
    (
        "a missing shard",
        write(INDEX, b'{"weight_map": {"a": "model-2.safetensors"}}'),
        f"{JOB}{OUT}: no model-2.safetensors",
    ),
    ("no num_hidden_layers", settings(num_hidden_layers=...), LAYERS.format(None)),
    ("num_hidden_layers as text", settings(num_hidden_layers="3"), LAYERS.format("'3'")),
    ("num_hidden_layers below 1", settings(num_hidden_layers=-1), LAYERS.format(-1)),
    (
        "more layers than weights",
        settings(num_hidden_layers=4),
        f"{JOB}{OUT}: no tensor model.layers.3.self_attn.q_proj.weight: {LOST}",
    ),
    ("a missing weight", without(Q), f"{JOB}{OUT}: no tensor {Q}: {LOST}"),
    (
        "a weight of another shape",
        tensor(lambda weight: weight[:, :5]),
        f"{JOB}{OUT}: {Q}: found shape (32, 5), expected (32, 32)",
    ),
    (
        "a weight that is a vector",
        tensor(torch.flatten),
        f"{JOB}{OUT}: {Q}: found shape (1024,), expected (32, 32)",
    ),
    (
        "a hidden_size that is not that of the weights",
        settings(hidden_size=64),
        f"{JOB}{OUT}: model.embed_tokens.weight: found shape (260, 32), expected (260, 64)",
    ),
    (
        "a model_type that is a list",
        settings(model_type=["llama"]),
        f"{JOB}{OUT}/config.json: model_type: found ['llama'], expected a name",
    ),
    (
        "no model_type",
        settings(model_type=...),
        f"{JOB}{OUT}/config.json: model_type: found None, expected a name",
    ),
    (
        "an unknown model_type",
        settings(model_type="evil"),
        f"{JOB}config.json: model_type 'evil': transformers does not know it",
    ),
    (
        "a model without attention",
        settings(model_type="mamba"),
        f"{JOB}config.json: model_type 'mamba': mixer (MambaMixer) has no clear role: not "
        "supported",
    ),
    (
        "quantised weights",
        settings(quantization_config={"bits": 4}),
        f"{JOB}{OUT}/config.json: quantization_config: found quantised weights, expected plain "
        "16- or 32-bit floats: dequantise them first",
    ),
    ("hidden_size as text", settings(hidden_size="32"), UNUSABLE.format("config.json")),
    ("no attention heads", settings(num_attention_heads=0), UNUSABLE.format("config.json")),
    ("an unknown activation", settings(hidden_act="nonsense"), UNUSABLE.format("config.json")),
    ("an unknown dtype", settings(dtype="float99"), UNUSABLE.format("config.json")),
    ("a negative vocab_size", settings(vocab_size=-3), UNUSABLE.format("config.json")),
    ("no tokenizer", lambda folder: (folder / TOKENIZER).unlink(), UNUSABLE.format("tokenizer")),
    ("a tokenizer never closed", write(TOKENIZER, b"{"), UNUSABLE.format("tokenizer")),
    ("a pickled tokenizer", write(TOKENIZER, PICKLE), UNUSABLE.format("tokenizer")),
    *((name, change, f"{JOB}{OUT}{line}") for name, change, line in NOT_ONE),
]


AGAIN = "delete it to have it made again"
# Documents under results/data → line of the job that reads them.
DOCUMENTS = [
    ("none", b"", "there is no calibration document"),
    (
        "a line that is cut short",
        json.dumps(ROW).encode() + b'\n{"name": "a", "te',
        f"d.jsonl, line 2: not JSON (Unterminated string starting at: line 1 column 15 (char 14)): "
        f"{AGAIN}",
    ),
    (
        "a pickle",
        PICKLE,
        "d.jsonl, line 1: not JSON ('utf-8' codec can't decode byte 0x80 in position 0: invalid "
        f"start byte): {AGAIN}",
    ),
    ("a line without its text", b'{"name": "a"}', "KeyError: 'text'"),
    ("too short", json.dumps(ROW).encode(), "no calibration document has more than 8 tokens"),
]


def matches(said: str, line: str) -> bool:
    """Whether `said` is the line or, if the line ends in …, starts with it."""
    return said.startswith(line[:-1]) if line.endswith("…") else said == line
