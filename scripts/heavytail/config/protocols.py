"""Protocols by which perplexity is measured (standard library only: parse time)."""

from typing import Any

from heavytail.config.entries import Config, Evaluation
from heavytail.config.mistakes import fail

TOKEN = "token"
WHERE = ("evaluation",)


def complete_protocols(given: object, filled: Config) -> None:
    """Make a list of what `evaluation` says, changed in place; fails if two cannot be told apart.

    Args:
        given: `evaluation` as the user wrote it, one mapping or a list of them.
        filled: the config with the schema's defaults.
    """
    chosen: Any = filled["evaluation"]
    found: list[Evaluation] = chosen if isinstance(chosen, list) else [chosen]
    for number, protocol in enumerate(found):
        _check(protocol)
        if number and isinstance(given, list) and "tolerance" in given[number]:
            fail((*WHERE, "tolerance"), ": the dense model is checked by the first protocol alone")
    names = [name_of(protocol) for protocol in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        fail(WHERE, f": the protocol {twice} occurs twice")
    filled["evaluation"] = found


def _check(protocol: Evaluation) -> None:
    stride, length = protocol["stride"], protocol["length"]
    longest = length - (protocol["bos"] == "windows")
    if stride and stride > longest:
        fail((*WHERE, "stride"), f": found {stride}, expected at most {longest}")
    if stride == longest:
        protocol["stride"] = None
    if protocol["unit"] != TOKEN and protocol["bos"] == "windows":
        fail((*WHERE, "bos"), f": windows is for the unit token, found {protocol['unit']}")


def is_plain(protocol: Evaluation) -> bool:
    """Whether the protocol is that of the published tables: whole windows, one after another."""
    return (protocol["stride"], protocol["bos"], protocol["unit"]) == (None, "tokenizer", TOKEN)


def name_of(protocol: Evaluation) -> str:
    """The protocol as a part of paths and the name of a column: all that tells it from others."""
    parts: list[object] = [protocol["dataset"], protocol["split"], protocol["length"]]
    if protocol["stride"]:
        parts += ["stride", protocol["stride"]]
    if protocol["windows"]:
        parts += ["first", protocol["windows"]]
    if protocol["bos"] != "tokenizer":
        parts += ["bos", protocol["bos"]]
    if protocol["unit"] != TOKEN:
        parts.append(protocol["unit"])
    return "-".join(map(str, parts))


def words_of(protocol: Evaluation) -> str:
    """The protocol in the words of tables."""
    unit, length, windows = (protocol[key] for key in ("unit", "length", "windows"))
    count = f"the first {windows} windows of {length} tokens" if windows else f"windows of {length}"
    if windows and unit != TOKEN:
        count = f"whole documents in at most {windows} windows of {length} tokens"
    told = [f"per {unit}", f"{protocol['dataset']} ({protocol['split']})", count]
    if protocol["stride"]:
        told.append(f"a window every {protocol['stride']}")
    if protocol["bos"] == "windows":
        told.append("BOS before every window")
    elif protocol["bos"] == "none":
        told.append("no BOS")
    return ", ".join(told)


def settings_of(protocol: Evaluation) -> dict[str, object]:
    """What says how the text is cut; of a plain protocol only what all of them have."""
    keys = ["dataset", "length", "windows"]
    keys += [] if is_plain(protocol) else ["stride", "bos", "unit"]
    told: dict[str, object] = {**protocol}
    return {key: told[key] for key in keys}
