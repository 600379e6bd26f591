"""What a task of lm-eval needs that is not there, in a few words (parse time)."""

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from heavytail.config.lm_eval_configs import Config, Function
from heavytail.config.lm_eval_index import package

OUTPUTS = ("multiple_choice", "loglikelihood", "loglikelihood_rolling", "generate_until")
# What lm-eval measures without a function of the task's own.
METRICS = (
    *("acc", "acc_norm", "acc_bytes", "acc_mutual_info", "likelihood", "brier_score", "mcc", "f1"),
    *("exact_match", "perplexity", "word_perplexity", "byte_perplexity", "bits_per_byte"),
    *("bleu", "chrf", "chrf++", "ter"),
)
# Packages that fetch code and run it, or that ask other machines.
FOREIGN = {"evaluate": "code of the hub", "openai": "a judge", "anthropic": "a judge"}
# Arguments of `datasets.load_dataset` that a task may have; the last one is not passed on.
ARGUMENTS = {"data_files", "column_names", "header", "trust_remote_code"}


def lacks(config: Config, local: bool = False) -> str | None:
    """Why a task cannot be scored here; None if it can. A local one has its data beside it."""
    checks = (_kind, _metrics) if local else (_kind, _data, _metrics, _code)
    reasons = (check(config) for check in checks)
    return next((found for found in reasons if found), None)


def _kind(config: Config) -> str | None:
    """Of the task itself."""
    if "class" in config:
        return "is a class of Python, whose data and prompts no file says"
    if config.get("unsafe_code"):
        return "runs code that the model writes"
    if config.get("doc_to_image") or config.get("doc_to_audio"):
        return "needs a model that sees or hears"
    if config.get("use_prompt"):
        return "takes its prompts from another package"
    kind = config.get("output_type", "generate_until")
    return None if kind in OUTPUTS else f"scores by {kind}, expected one of {', '.join(OUTPUTS)}"


def _data(config: Config) -> str | None:
    """Of its documents."""
    if config.get("custom_dataset"):
        return "makes its data by code of its own"
    if not (config.get("test_split") or config.get("validation_split")):
        return "has no split that is scored"
    if "/" not in (config.get("dataset_path") or ""):
        return f"its data {config.get('dataset_path')!r} are no data set of the hub"
    more = sorted(set(config.get("dataset_kwargs") or {}) - ARGUMENTS)
    return f"its data set needs {', '.join(more)}" if more else None


def _metrics(config: Config) -> str | None:
    """Of what is measured by name."""
    if config.get("process_results"):
        return None
    for metric in config.get("metric_list") or []:
        name, called = metric["metric"], config.get("output_type") == "generate_until"
        if isinstance(name, Function):
            continue
        if name not in METRICS or (called and metric.get("hf_evaluate")):
            return f"its metric {name} is code of the hub, which is never run"
    return None


def _code(config: Config) -> str | None:
    """Of the packages that its functions import."""
    for name in sorted({root for path in functions(config) for root in imports(path)}):
        if name in FOREIGN:
            return f"its functions need {FOREIGN[name]} (package {name})"
        if find_spec(name) is None:
            return f"its functions need the package {name}, which is not installed"
    return None


def functions(value: Any) -> Iterator[Function]:
    """All functions in a configuration."""
    if isinstance(value, Function):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        yield from functions(item)


def imports(path: Function) -> frozenset[str]:
    """The packages that the module of a function imports, itself or through lm-eval's tasks."""
    return _imports(path.rpartition(".")[0])


@cache
def _imports(module: str) -> frozenset[str]:
    root = package()
    place = module.removeprefix("lm_eval.tasks.").replace(".", "/")
    file = Path(root, f"{place}.py") if root and module.startswith("lm_eval.tasks.") else None
    if file is None or not file.is_file():
        return frozenset({module.partition(".")[0]})
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        else:
            continue
        for name in names:
            inner = name.startswith("lm_eval.tasks.") and name != module
            beside = (file.parent / f"{name.partition('.')[0]}.py").is_file()
            found |= _imports(name) if inner else set() if beside else {name.partition(".")[0]}
    return frozenset(found)
