"""The model families with a module of their own, a row each (standard library only: parse time).

A row's name is the `model_type` in config.json, and a module of heavytail.models.families. The
layout of other models is found in what transformers has (heavytail.models.discovery). No job
imports this table, so a new row makes nothing stale.
"""

from dataclasses import dataclass
from pathlib import Path

from heavytail.config.model_folder import read_settings


@dataclass(frozen=True)
class Family:
    """What the documentation says of a family."""

    models: str  # the models that have its layout


FAMILIES = {
    "llama": Family("LLaMA 1 to 3"),
    "mistral": Family("Mistral"),
    "qwen2": Family("Qwen 2"),
    "qwen3": Family("Qwen 3"),
    "gemma": Family("Gemma"),
    "phi3": Family("Phi-3"),
    "gpt_neox": Family("GPT-NeoX"),
    "opt": Family("OPT"),
    "glm": Family("GLM"),
    "glm4": Family("GLM 4"),
    "bloom": Family("BLOOM"),
    "falcon": Family("Falcon"),
    "mpt": Family("MPT"),
    "persimmon": Family("Persimmon"),
    "gpt2": Family("GPT-2"),
    "gpt_bigcode": Family("StarCoder 1"),
}
# Where the layers of all other models are found.
DISCOVERY = "heavytail.models.discovery"


def family_module(folder: str | Path) -> str | None:
    """The module that the jobs of a model choose by its config.json.

    None if there is no such file, or if it names no type of model: a job then says what is wrong
    with the file.
    """
    path = Path(folder, "config.json")
    try:
        kind = read_settings(path).get("model_type")
    except (OSError, ValueError):
        return None
    if not isinstance(kind, str):
        return None
    return f"heavytail.models.families.{kind}" if kind in FAMILIES else DISCOVERY
