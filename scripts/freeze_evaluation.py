"""Freeze the windows on which a model's perplexity is measured."""

from pathlib import Path
from typing import Literal, NotRequired, TypedDict, cast

from heavytail.data import protocols, tokens
from heavytail.io.files import read_json, read_lines
from heavytail.io.tensors import write_tensors
from heavytail.running.jobs import logged
from heavytail.running.wholeness import require_whole


class Windows(TypedDict):
    """The text, its split, what joins its documents, and how it is cut.

    It is cut into windows of so many tokens, None for all of them. `key` is that of the config. A
    protocol that is not that of the published tables has the other keys as well.
    """

    key: Literal["evaluation", "tune"]
    dataset: str
    split: str
    join: str
    length: int
    windows: int | None
    stride: NotRequired[int | None]
    bos: NotRequired[str]
    unit: NotRequired[str]
    pages: NotRequired[bool]


def freeze_evaluation(
    model: str, documents: str, origin: str, settings: Windows, output: str
) -> None:
    """Write `input_ids`, int64 [windows, length]; the metadata say how they were made.

    Of a protocol that is not that of the published tables, the tensors of `protocols.Scored`.
    """
    folder, key = Path(model).parent, settings["key"]
    tokenizer = tokens.load_tokenizer(folder, f"{key}.length", settings["length"])
    texts, chat = tokens.texts_of(tokenizer, read_lines(documents))
    if settings["windows"] and settings["split"] != "test":
        texts = tokens.beginning(texts, settings["length"] * settings["windows"])
    if "unit" in settings:
        found = protocols.cut(tokenizer, texts, chat, cast(protocols.Protocol, settings)).tensors()
        told = protocols.told(cast(protocols.Protocol, settings), tokenizer, chat)
    else:
        # A template ends a conversation itself.
        join = "" if chat else settings["join"]
        ids = tokens.text_ids(tokenizer, texts, join, special=not chat)
        windows = tokens.windows_of(ids, settings["length"], settings["windows"], key)
        found = {"input_ids": windows.contiguous()}
        bos = bool(len(ids)) and ids[0].item() == tokenizer.bos_token_id
        told = {"join": protocols.JOINS[join], "bos": "once, before the text" if bos else "none"}
    tokens.check_vocabulary(found["input_ids"], folder)
    metadata = {
        "dataset": settings["dataset"],
        **{name: str(value) for name, value in read_json(origin).items()},
        "split": settings["split"],
        **told,
    }
    write_tensors(output, found, metadata)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        require_whole(snakemake.input)
        freeze_evaluation(
            snakemake.input.model,
            snakemake.input.documents,
            snakemake.input.origin,
            snakemake.params.settings,
            snakemake.output.tokens,
        )
