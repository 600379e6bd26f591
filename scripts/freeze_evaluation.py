"""Freeze the windows on which a model's perplexity is measured."""

from pathlib import Path
from typing import TypedDict

from heavytail.data import tokens
from heavytail.io.files import read_json, read_lines
from heavytail.io.tensors import write_tensors
from heavytail.running.jobs import logged

# What stands between two documents, as records call it.
JOINS = {"\n\n": "blank line", " ": "space", "": "nothing"}


class Windows(TypedDict):
    """The text, its split, what joins its documents, and how it is cut.

    It is cut into windows of so many tokens, None for all of them.
    """

    dataset: str
    split: str
    join: str
    length: int
    windows: int | None


def freeze_evaluation(
    model: str, documents: str, origin: str, settings: Windows, output: str
) -> None:
    """Write `input_ids`, int64 [windows, length]; the metadata say how they were made."""
    folder, key = Path(model).parent, "evaluation" if settings["split"] == "test" else "tune"
    tokenizer = tokens.load_tokenizer(folder, f"{key}.length", settings["length"])
    texts, chat = tokens.texts_of(tokenizer, read_lines(documents))
    if settings["split"] == "validation":
        assert settings["windows"], "trials read a number of windows"
        texts = tokens.beginning(texts, settings["length"] * settings["windows"])
    # A template ends a conversation itself.
    join = "" if chat else settings["join"]
    ids = tokens.text_ids(tokenizer, texts, join, special=not chat)
    windows = tokens.windows_of(ids, settings["length"], settings["windows"], key)
    tokens.check_vocabulary(windows, folder)
    bos = bool(len(ids)) and ids[0].item() == tokenizer.bos_token_id
    metadata = {
        "dataset": settings["dataset"],
        **{name: str(value) for name, value in read_json(origin).items()},
        "split": settings["split"],
        "join": JOINS[join],
        "bos": "once, before the text" if bos else "none",
    }
    write_tensors(output, {"input_ids": windows.contiguous()}, metadata)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        freeze_evaluation(
            snakemake.input.model,
            snakemake.input.documents,
            snakemake.input.origin,
            snakemake.params.settings,
            snakemake.output.tokens,
        )
