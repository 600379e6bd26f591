"""Freeze the calibration token ids of one model and seed."""

from pathlib import Path
from typing import Literal, TypedDict

import torch

from heavytail.data import tokens
from heavytail.io.files import read_json, read_lines
from heavytail.io.tensors import write_tensors
from heavytail.running.jobs import logged
from heavytail.running.wholeness import require_whole

DRAW = {"documents": tokens.sample_windows, "stream": tokens.stream_windows}


class Windows(TypedDict):
    """Text → weight, how many windows of which length, the way to draw them, and the seed."""

    weights: dict[str, float]
    samples: int
    length: int
    draw: Literal["documents", "stream"]
    seed: int


def freeze_calibration(
    model: str, documents: list[str], origins: list[str], settings: Windows, output: str
) -> None:
    """Write `input_ids`, int64 [samples, length]; the metadata are settings and origins.

    The windows of a text in a mixture are the first of those that the text alone would give.

    Args:
        model: provenance.json in the model's folder.
        documents: the frozen documents of each text.
        origins: where they come from.
        settings: the weight of each text in the same order, and how windows are drawn.
        output: the safetensors file to write.
    """
    folder, length, seed = Path(model).parent, settings["length"], settings["seed"]
    tokenizer = tokens.load_tokenizer(folder, "calibration.length", length)
    order = tokens.shares_of(settings["weights"], settings["samples"])
    ids = torch.empty(settings["samples"], length, dtype=torch.int64)
    for name, path in zip(settings["weights"], documents, strict=True):
        places = [place for place, text in enumerate(order) if text == name]
        if places:
            texts, chat = tokens.texts_of(tokenizer, read_lines(path))
            draw = DRAW[settings["draw"]]
            ids[places] = draw(tokenizer, texts, len(places), length, seed, special=not chat)
    tokens.check_vocabulary(ids, folder)
    write_tensors(output, {"input_ids": ids}, _metadata(settings, origins))


def _metadata(settings: Windows, origins: list[str]) -> dict[str, str]:
    """The settings as text, and of each text where it comes from."""
    weights, found = settings["weights"], [read_json(path) for path in origins]
    mixed = len(weights) > 1
    named = {
        "dataset": ", ".join(f"{text} {w:g}" if mixed else text for text, w in weights.items())
    }
    drawn = {key: str(settings[key]) for key in ("samples", "length", "seed")}
    if settings["draw"] != "documents":
        drawn["draw"] = settings["draw"]
    keys = list(dict.fromkeys(key for origin in found for key in origin))
    told = {key: ", ".join(str(origin.get(key)) for origin in found) for key in keys}
    return named | drawn | told


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        require_whole(snakemake.input)
        freeze_calibration(
            snakemake.input.model,
            snakemake.input.documents,
            snakemake.input.origin,
            snakemake.params.settings,
            snakemake.output.tokens,
        )
