"""What the workflow touches of Snakemake, read from its rules and scripts."""

import io
import logging
import re
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path

# What a plain record of Python's logging has.
PLAIN = vars(logging.makeLogRecord({})).keys()
SILENT = (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT)
CHAIN = r"\w+(?:\.\w+)+"
IMPORT = re.compile(
    r"^from (snakemake[\w.]*) import ?(.+)$|^import (.*\bsnakemake.*)$", re.MULTILINE
)
ALIAS = re.compile(rf"^(\w+(?:, \w+)*) = ({CHAIN}(?:, {CHAIN})*)$", re.MULTILINE)
GETATTR = re.compile(r"""\bgetattr\((\w+), ["'](\w+)["'](?:, \w+)?\)""")
TEXT = re.compile(r"""["'](\.?snakemake(?:[._/][\w.:/]+)?)["']""")
OBJECT = re.compile(rf"(?<![\w.\"']){CHAIN}")
# Lists with names that functions of the rules, and scripts, are given.
NAMED = ("input", "output", "params", "resources", "wildcards")
METHOD = re.compile(rf"\b(?:{'|'.join(NAMED)})\.(get|items|keys|values)\(")


def code_of(text: str) -> str:
    """Statements without comments and docstrings, one a line, spaced as by a formatter."""
    lines, line = [], []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.NEWLINE, tokenize.ENDMARKER):
            lines.append(" ".join(line))
            line = []
        elif token.type not in SILENT and (line or token.type != tokenize.STRING):
            line.append(token.string)
    spaced = re.sub(r" ?([.(\[]) ?", r"\1", "\n".join(lines))
    return re.sub(r" ([,:)\]])", r"\1", spaced)


def imported(code: str) -> Iterator[str]:
    """Names of Snakemake's modules: "module:name"."""
    for module, names, plain in IMPORT.findall(code):
        for name in re.split(r", ", (names or plain).strip("()").rstrip(",")):
            name = name.split(" as ")[0].strip()
            if module:
                yield f"{module}:{name}"
            elif name.startswith("snakemake"):
                yield name


def aliases_in(code: str) -> dict[str, str]:
    """Name → the attributes of `workflow` for which it stands."""
    found: dict[str, str] = {}
    for names, values in ALIAS.findall(code):
        for name, value in zip(names.split(", "), values.split(", "), strict=False):
            root, _, rest = value.partition(".")
            root = found.get(root, root)
            if root.split(".")[0] == "workflow":
                found[name] = f"{root}.{rest}"
    return found


def chains(code: str, root: str, aliases: Mapping[str, str]) -> set[tuple[str, ...]]:
    """The object of this name with all that is asked of it: {("workflow", "dag", "jobs")}."""
    found = set()
    for chain in OBJECT.findall(GETATTR.sub(r"\1.\2", IMPORT.sub("", code))):
        first, _, rest = chain.partition(".")
        parts = (*aliases.get(first, first).split("."), *rest.split("."))
        if parts[0] == root:
            found.add(parts)
    return found


def names_in(code: str, in_rules: bool, aliases: Mapping[str, str]) -> set[str]:
    """What a file touches: names of modules, attributes of objects, files, loggers."""
    found = {*imported(code), *TEXT.findall(code)}
    found.update(f"Namedlist.{method}" for method in METHOD.findall(code))
    if "logging.Handler" in code:
        asked = {chain[1] for chain in chains(code, "record", {})}
        found.update(f"record.{field}" for field in asked - PLAIN)
    if not in_rules:
        return found | {f"snakemake.{chain[1]}" for chain in chains(code, "snakemake", {})}
    found.update(".".join(chain) for chain in chains(code, "workflow", aliases))
    found.update(f"job.{chain[1]}" for chain in chains(code, "job", {}))
    found.update(f"rules.*.{chain[2]}" for chain in chains(code, "rules", {}) if chain[2:])
    return found


def touched(root: Path) -> set[str]:
    """What all files of the workflow touch."""
    rules = [root / "Snakefile", *root.glob("rules/*.smk")]
    codes = {path: code_of(path.read_text("utf-8")) for path in rules}
    # What one file of rules names the others know.
    aliases = aliases_in("\n".join(codes.values()))
    codes |= {path: code_of(path.read_text("utf-8")) for path in root.glob("scripts/**/*.py")}
    found = [names_in(code, path in rules, aliases) for path, code in codes.items()]
    return set().union(*found)
