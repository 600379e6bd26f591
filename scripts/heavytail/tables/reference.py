"""Reference results beside the cells that have their settings.

A reference result and a cell belong together if they say the same of the model, the method and the
allocation's settings, whatever the allocation is called. A result may belong to several cells, and
a cell to several results.
"""

import pandas as pd

from heavytail.cells import DENSE

# What all reference results have in common.
SPARSITY, METRIC = "0.7", "alpha_peak"
# `epsilon_certain` of a result, empty if it records no epsilon → where its epsilon comes from.
SOURCES = {"yes": "reference", "guess": "guessed", "": "assumed"}
COLUMNS = [
    *("model", "method", "grouping", "blend", "segments_of", "quantity", "line", "confidence"),
    *("allocation", "sparsity", "epsilon", "epsilon_source", "weight", "weight_source"),
    *("reference", "ours", "ratio"),
]


def segments_of(result: dict[str, str]) -> str:
    """The model whose segment table a reference result used; empty if it used none.

    The column says "model", "seg14:model?", "none?" or, if only a blend used it, "per-layer".
    """
    name = result["segments_of"].rstrip("?").rpartition(":")[2]
    return "" if name in ("none", "per-layer") else name


def importance(result: dict[str, str]) -> str:
    """Whose gradient norms a reference result blended in: "segments", "blocks", or "" for none."""
    if not result["blend"]:
        return ""
    return "blocks" if result["segments_of"] == "per-layer" else "segments"


# Model → method → the epsilon that is assumed where none was recorded: the published one.
Published = dict[str, dict[str, float]]


def epsilon_of(result: dict[str, str], published: Published) -> float:
    """The epsilon of a reference result; the published default if none was recorded.

    Args:
        result: a row of the reference results.
        published: model → method → that default.
    """
    of_model = published.get(result["model"], {})
    return float(result["epsilon"] or of_model.get(result["method"], "nan"))


def matches(result: dict[str, str], cells: pd.DataFrame, published: Published) -> pd.Series:
    """Which cells have the settings of a reference result, as booleans.

    Args:
        result, published: as of `epsilon_of`.
        cells: text columns model, method, grouping, segments, blend, bounds, allocator, metric,
            mapping, sparsity; numbers or text in epsilon.
    """
    own = (cells["model"] == result["model"]) & (cells["method"] == result["method"])
    if result["method"] == DENSE:
        return own
    segments = cells["segments"].where(cells["segments"] != "own", cells["model"]).fillna("")
    blended = cells["blend"].str.extract(r"importance=(\w+)", expand=False).fillna("")
    epsilon = pd.to_numeric(cells["epsilon"], errors="coerce")
    return (
        own
        & (cells["allocator"] == "spectral")
        & (cells["metric"] == METRIC)
        & (cells["mapping"].fillna("block") == "block")
        & (cells["grouping"] == result["grouping"])
        & (cells["sparsity"] == SPARSITY)
        & ((epsilon - epsilon_of(result, published)).abs() < 1e-9)
        & (segments == segments_of(result))
        & (blended == importance(result))
        & cells["bounds"].isna()
    )


def tasks_of(results: list[dict[str, str]]) -> set[str]:
    """The tasks that the reference results name; their means are over these."""
    names = [result["quantity"].split("/") for result in results]
    return {name[1] for name in names if name[0] == "zeroshot" and len(name) == 3}


def comparable(
    quantity: str, text: str, tasks: set[str], scored: set[str], averaged: set[str]
) -> bool:
    """Whether a quantity of the reference is one that this config measures in the same way.

    Args:
        quantity: that of a reference result.
        text: on which perplexity is measured.
        tasks: those of the reference results.
        scored: the tasks on which the model is scored without BOS and shots by their accuracy, as
            the reference was.
        averaged: those that the model's mean is over.
    """
    if not quantity.startswith("zeroshot/"):
        return quantity == f"ppl_{text}"
    _, task, *number = quantity.split("/")
    return task in scored if number else bool(tasks) and scored == tasks == averaged


def ours(quantity: str, cell: pd.Series, scores: pd.DataFrame) -> float:
    """Our number for a quantity of the reference, the mean over seeds.

    Args:
        quantity: ppl_TEXT, zeroshot/mean_claimed or zeroshot/TASK/NUMBER.
        cell: a row of over_seeds.
        scores: tidy zero-shot numbers of all cells.
    """
    if quantity.startswith("ppl_"):
        return cell["perplexity"]
    _, task, *number = quantity.split("/")
    if not number:
        return cell["zero_shot_mean"]
    chosen = (scores["task"] == task) & (scores["number"] == number[0])
    for key in ("model", "method", "allocation", "sparsity"):
        same = scores[key].isna() if pd.isna(cell[key]) else scores[key] == cell[key]
        chosen &= same
    return scores.loc[chosen, "value"].mean(skipna=False)


def beside(
    results: list[dict[str, str]],
    cells: pd.DataFrame,
    scores: pd.DataFrame,
    text: str,
    published: Published,
) -> pd.DataFrame:
    """Every pair of a reference perplexity or accuracy and a cell that has its settings.

    Args:
        results: the rows of the reference results; those that are not `comparable` are left out.
        cells: the table that over_seeds returns.
        scores: tidy zero-shot numbers.
        text: on which perplexity is measured.
        published: as of `epsilon_of`.

    Returns:
        A row per pair, with the columns `COLUMNS`. `reference` and `ours` are numbers, and `ratio`
        is ours over the reference. `epsilon` is the cell's; `epsilon_source` says whether the
        reference records it, or it was guessed or assumed. `weight` is that of the cell's blend,
        which is always assumed, as no reference result records one.
    """
    rows, tasks = [], tasks_of(results)
    cells = cells.assign(weight=cells["blend"].str.extract(r"weight=(\S+)", expand=False))
    plain = (scores["bos"] == "none") & scores["counts"].eq(True) & (scores["number"] == "acc")
    scored = scores[plain & (scores["shots"] == 0)].groupby("model")["task"].agg(set)
    averaged = scores[scores["weight"] > 0].groupby("model")["task"].agg(set)
    for result in results:
        own, mean = (found.get(result["model"], set()) for found in (scored, averaged))
        if not comparable(result["quantity"], text, tasks, own, mean):
            continue
        source = SOURCES.get(result["epsilon_certain"] if result["epsilon"] else "", "guessed")
        for _, cell in cells[matches(result, cells, published)].iterrows():
            own = ours(result["quantity"], cell, scores)
            numbers = {"reference": float(result["value"]), "ours": own}
            about = {key: cell[key] for key in ("allocation", "sparsity", "epsilon", "weight")}
            if result["method"] != DENSE:
                about["epsilon_source"] = source
            if result["blend"]:
                about["weight_source"] = "assumed"
            rows.append(result | about | numbers)
    found = pd.DataFrame(rows, columns=COLUMNS).astype({"reference": float, "ours": float})
    return found.assign(ratio=found["ours"] / found["reference"])
