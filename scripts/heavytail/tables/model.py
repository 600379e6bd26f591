"""A model's tables in the notes' shape: methods as rows, allocations as columns."""

from collections.abc import Callable, Hashable

import numpy as np
import pandas as pd

from heavytail.cells import DENSE
from heavytail.tables.markdown import ALIKE, markdown, readable
from heavytail.tables.over_seeds import over_seeds, spread, statistics

KEY = ["sparsity", "method", "allocation"]
PERPLEXITY, ZERO_SHOT = "perplexity", "zero_shot_mean"
# The notes' names of quantities; that of a perplexity goes on with its text.
NOTES = {PERPLEXITY: "ppl", ZERO_SHOT: "zeroshot/mean_claimed"}
BEST = "best"


def accuracy(value: float) -> str:
    """An accuracy as text."""
    return f"{value:.4f}"


FORMS = {PERPLEXITY: readable, ZERO_SHOT: accuracy}


def keys(table: pd.DataFrame, columns: list[str] = KEY) -> list[tuple[str, ...]]:
    """What each row is of; of a dense model sparsity and allocation are empty."""
    return list(table[columns].fillna("").itertuples(index=False, name=None))


def model_rows(
    cells: pd.DataFrame,
    scores: pd.DataFrame,
    significance: pd.DataFrame,
    notes: pd.DataFrame | None,
) -> pd.DataFrame:
    """What the tables of one model show: a row per sparsity, method and allocation.

    Args:
        cells, scores, significance, notes: of this model; notes None where none are configured.

    Returns:
        Columns of over_seeds; zero_shot_stderr; and of perplexity and zero_shot_mean `_mark`
        ("best" of its row, "≈" where it is not told apart from the best) and `_notes`, the notes'
        numbers as text.
    """
    found = over_seeds(cells)
    errors = standard_errors(scores)
    found["zero_shot_stderr"] = [errors.get(key, np.nan) for key in keys(found)]
    for quantity, form in FORMS.items():
        marks = row_marks(significance[significance["quantity"] == quantity])
        theirs = notes_values(notes, form)
        found[f"{quantity}_mark"] = [marks.get(key, "") for key in keys(found)]
        found[f"{quantity}_notes"] = [
            theirs.get((*key, NOTES[quantity]), "") for key in keys(found)
        ]
    return found


def row_marks(pairs: pd.DataFrame) -> dict[tuple[str, ...], str]:
    """(sparsity, method, allocation) → "best" or "≈", of one quantity's comparisons."""
    pairs = pairs[pairs["reference"] == "best"]
    alike = pairs[pairs["distinguishable"].eq(False)]
    best = keys(pairs, [*KEY[:2], "against"])
    return dict.fromkeys(best, BEST) | dict.fromkeys(keys(alike), ALIKE)


def notes_values(notes: pd.DataFrame | None, form: Callable[[float], str]) -> dict[tuple, str]:
    """(sparsity, method, allocation, quantity) → the notes' numbers as text, each once."""
    if notes is None:
        return {}
    found: dict[tuple, dict] = {}
    named = notes.assign(quantity=notes["quantity"].str.replace(r"^ppl_.*", "ppl", regex=True))
    for key, value in zip(keys(named, [*KEY, "quantity"]), notes["notes"], strict=True):
        found.setdefault(key, {})[form(value)] = None
    return {key: ", ".join(texts) for key, texts in found.items()}


def standard_errors(scores: pd.DataFrame) -> dict[Hashable, float]:
    """(sparsity, method, allocation) → standard error of the mean accuracy over tasks.

    √Σ s² / number of tasks, of the tasks' own errors, taken as independent. Of several seeds the
    mean: they are scored on the same documents, so that more of them make it no smaller.
    """
    chosen = scores[scores["number"] == "acc_stderr"].fillna({"sparsity": "", "allocation": ""})
    seeds = chosen.groupby([*KEY, "seed"], sort=False, dropna=False)["value"].agg(
        lambda errors: np.sqrt(np.square(errors).sum(skipna=False)) / len(errors)
    )
    return seeds.groupby(level=KEY, sort=False).mean(skipna=False).to_dict()


def shown(text: str, mark: str = "", notes: str = "") -> str:
    """A number as it stands in a table: bold when the best of its row, the notes' behind it."""
    marked = {"": text, BEST: f"**{text}**", ALIKE: f"{text} {ALIKE}"}[mark]
    return f"{marked} (notes {notes})" if notes else marked


def of_row(row: pd.Series, quantity: str) -> str:
    """One quantity of a row of `model_rows` as it stands in a table."""
    found = {"mean": row[quantity], "sd": row[f"{quantity}_sd"], "nan": row[f"{quantity}_nan"]}
    text = spread(pd.Series(found | {"seeds": row["seeds"]}), FORMS[quantity])
    return shown(text, row[f"{quantity}_mark"], row[f"{quantity}_notes"])


def in_order(rows: pd.DataFrame) -> list[str]:
    """The allocations of all methods in the config's order, which each method's rows keep."""
    found: list[str] = []
    for _, own in rows.groupby("method", sort=False)["allocation"]:
        place = 0
        for name in own:
            if name not in found:
                found.insert(place, name)
            place = found.index(name) + 1
    return found


def perplexity_table(rows: pd.DataFrame, sparsity: str) -> str:
    """Methods as rows, allocations as columns, the dense model first; markdown.

    Args:
        rows: of `model_rows`.
        sparsity: which of them.
    """
    pruned = rows[rows["sparsity"] == sparsity]
    dense = of_row(rows[rows["method"] == DENSE].iloc[0], PERPLEXITY)
    lines = {DENSE: dict.fromkeys(in_order(pruned), dense)}
    for _, row in pruned.iterrows():
        lines.setdefault(row["method"], {})[row["allocation"]] = of_row(row, PERPLEXITY)
    # An allocation may be for some methods alone.
    return markdown(pd.DataFrame.from_dict(lines, orient="index").fillna(""))


def zero_shot_table(
    rows: pd.DataFrame, scores: pd.DataFrame, notes: pd.DataFrame | None, sparsity: str
) -> str:
    """Cells as rows, accuracy by task, its mean and the mean's standard error as columns; markdown.

    Args:
        rows: of `model_rows`.
        scores, notes: of this model; notes None where none are configured.
        sparsity: which of them.
    """
    own = scores[scores["number"] == "acc"].fillna({"sparsity": "", "allocation": ""})
    found = statistics(own.groupby([*KEY, "task"], sort=False)["value"]).reset_index("task")
    tasks = dict(list(found.groupby(level=KEY, sort=False)))
    theirs = notes_values(notes, accuracy)
    lines = {}
    chosen = rows[rows["sparsity"].isna() | (rows["sparsity"] == sparsity)]
    for key, (_, row) in zip(keys(chosen), chosen.iterrows(), strict=True):
        line = {
            one["task"]: shown(
                spread(one, accuracy), notes=theirs.get((*key, f"zeroshot/{one['task']}/acc"), "")
            )
            for _, one in tasks[key].iterrows()
        }
        line |= {
            "mean": of_row(row, ZERO_SHOT),
            "standard error": accuracy(row["zero_shot_stderr"]),
        }
        lines[" ".join(part for part in key[1:] if part)] = line
    return markdown(pd.DataFrame.from_dict(lines, orient="index"))
