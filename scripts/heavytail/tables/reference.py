"""The notes' rows beside the cells that have their settings.

A row of the notes and a cell belong together by what they say of method and allocation, whatever
the allocation's name; one may belong to several of the other.
"""

import pandas as pd

from heavytail.cells import DENSE

# What all rows of the notes have in common.
SPARSITY, METRIC = "0.7", "alpha_peak"
SOURCES = {"yes": "notes", "guess": "guessed", "": "assumed"}
COLUMNS = [
    *("model", "method", "grouping", "blend", "segments_of", "quantity", "line", "confidence"),
    *("allocation", "sparsity", "epsilon", "epsilon_source", "weight", "weight_source"),
    *("notes", "ours", "ratio"),
]


def segments_of(note: dict) -> str:
    """The model whose segment table a row of the notes used, empty for none.

    The notes write "model", "seg14:model?", "none?" or, of a blend alone, "per-layer".
    """
    name = note["segments_of"].rstrip("?").rpartition(":")[2]
    return "" if name in ("none", "per-layer") else name


def importance(note: dict) -> str:
    """Whose gradient norms a row of the notes blended in: segments, blocks, or empty for none."""
    if not note["blend"]:
        return ""
    return "blocks" if note["segments_of"] == "per-layer" else "segments"


def epsilon_of(note: dict, published: dict[str, float]) -> float:
    """The epsilon of a row of the notes; where it has none the published default is assumed.

    Args:
        note: a row of the notes.
        published: method → that default.
    """
    return float(note["epsilon"] or published.get(note["method"], "nan"))


def matches(note: dict, cells: pd.DataFrame, published: dict[str, float]) -> pd.Series:
    """Which cells have the settings of a row of the notes, as booleans.

    Args:
        note, published: as of `epsilon_of`.
        cells: text columns model, method, grouping, segments, blend, allocator, metric, mapping,
            sparsity; numbers or text in epsilon.
    """
    own = (cells["model"] == note["model"]) & (cells["method"] == note["method"])
    if note["method"] == DENSE:
        return own
    segments = cells["segments"].where(cells["segments"] != "own", cells["model"]).fillna("")
    blended = cells["blend"].str.extract(r"importance=(\w+)", expand=False).fillna("")
    epsilon = pd.to_numeric(cells["epsilon"], errors="coerce")
    return (
        own
        & (cells["allocator"] == "spectral")
        & (cells["metric"] == METRIC)
        & (cells["mapping"].fillna("block") == "block")
        & (cells["grouping"] == note["grouping"])
        & (cells["sparsity"] == SPARSITY)
        & ((epsilon - epsilon_of(note, published)).abs() < 1e-9)
        & (segments == segments_of(note))
        & (blended == importance(note))
    )


def tasks_of(notes: list[dict]) -> set[str]:
    """The tasks of the notes, which are what their means are over."""
    names = [note["quantity"].split("/") for note in notes]
    return {name[1] for name in names if name[0] == "zeroshot" and len(name) == 3}


def comparable(quantity: str, text: str, tasks: set[str], scored: set[str]) -> bool:
    """Whether a model is measured as a quantity of the notes was.

    Args:
        quantity: of the notes.
        text: on which perplexity is measured.
        tasks: those of the notes.
        scored: those that the model is scored on without BOS, as the notes' models were.
    """
    if not quantity.startswith("zeroshot/"):
        return quantity == f"ppl_{text}"
    _, task, *number = quantity.split("/")
    return task in scored if number else bool(tasks) and scored == tasks


def ours(quantity: str, cell: pd.Series, scores: pd.DataFrame) -> float:
    """Our number for a quantity of the notes, the mean over seeds.

    Args:
        quantity: ppl_TEXT, zeroshot/mean_claimed or zeroshot/TASK/NUMBER.
        cell: of over_seeds.
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
    notes: list[dict],
    cells: pd.DataFrame,
    scores: pd.DataFrame,
    text: str,
    published: dict[str, float],
) -> pd.DataFrame:
    """A row per perplexity or zero-shot number of the notes and cell that has its settings.

    Args:
        notes: rows of the notes.
        cells: of over_seeds.
        scores: tidy zero-shot numbers.
        text: on which perplexity is measured. Numbers of the notes that are not `comparable` are
            left out.
        published: as of `epsilon_of`.

    Returns:
        Columns `COLUMNS`; notes and ours are numbers, ratio is ours over notes; epsilon is the
        cell's and epsilon_source says whether it is the notes' own, a guess made in decoding them,
        or assumed; weight is that of the cell's blend, always assumed: the notes record none.
    """
    rows, tasks = [], tasks_of(notes)
    cells = cells.assign(weight=cells["blend"].str.extract(r"weight=(\S+)", expand=False))
    scored = scores[scores["bos"] == "none"].groupby("model")["task"].agg(set)
    for note in notes:
        if not comparable(note["quantity"], text, tasks, scored.get(note["model"], set())):
            continue
        source = SOURCES.get(note["epsilon_certain"] if note["epsilon"] else "", "guessed")
        for _, cell in cells[matches(note, cells, published)].iterrows():
            own = ours(note["quantity"], cell, scores)
            numbers = {"notes": float(note["value"]), "ours": own}
            about = {key: cell[key] for key in ("allocation", "sparsity", "epsilon", "weight")}
            if note["method"] != DENSE:
                about["epsilon_source"] = source
            if note["blend"]:
                about["weight_source"] = "assumed"
            rows.append(note | about | numbers)
    found = pd.DataFrame(rows, columns=COLUMNS).astype({"notes": float, "ours": float})
    return found.assign(ratio=found["ours"] / found["notes"])
