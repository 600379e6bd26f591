"""Freeze the calibration token ids of one model and seed."""

from pathlib import Path
from typing import TypedDict

from heavytail.data import tokens
from heavytail.io.files import read_json, read_lines
from heavytail.io.tensors import write_tensors
from heavytail.running.jobs import logged


class Windows(TypedDict):
    """The text, how many windows of which length, and the seed that draws them."""

    dataset: str
    samples: int
    length: int
    seed: int


def freeze_calibration(
    model: str, documents: str, origin: str, settings: Windows, output: str
) -> None:
    """Write `input_ids`, int64 [samples, length]; the metadata are settings and text origin."""
    folder, key = Path(model).parent, "calibration.length"
    tokenizer = tokens.load_tokenizer(folder, key, settings["length"])
    texts = [row["text"] for row in read_lines(documents)]
    drawn = settings["samples"], settings["length"], settings["seed"]
    ids = tokens.sample_windows(tokenizer, texts, *drawn)
    tokens.check_vocabulary(ids, folder)
    metadata = {name: str(value) for name, value in {**settings, **read_json(origin)}.items()}
    write_tensors(output, {"input_ids": ids}, metadata)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        freeze_calibration(
            snakemake.input.model,
            snakemake.input.documents,
            snakemake.input.origin,
            snakemake.params.settings,
            snakemake.output.tokens,
        )
