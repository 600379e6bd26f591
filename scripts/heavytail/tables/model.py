"""The tables of one model: methods as rows, allocations as columns, the reference in brackets."""

from collections.abc import Callable, Hashable

import numpy as np
import pandas as pd

from heavytail.cells import DENSE
from heavytail.tables.markdown import ALIKE, markdown, readable
from heavytail.tables.over_seeds import over_seeds, spread, statistics

KEY = ["sparsity", "method", "allocation"]
PERPLEXITY, ZERO_SHOT = "perplexity", "zero_shot_mean"
# Our quantity → the reference's name of it, without the text of a perplexity.
REFERENCE = {PERPLEXITY: "ppl", ZERO_SHOT: "zeroshot/mean_claimed"}
BEST = "best"


def accuracy(value: float) -> str:
    """An accuracy as text."""
    return f"{value:.4f}"


FORMS = {PERPLEXITY: readable, ZERO_SHOT: accuracy}


def keys(table: pd.DataFrame, columns: list[str] = KEY) -> list[tuple[str, ...]]:
    """The key of each row; sparsity and allocation are empty in the row of a dense model."""
    return list(table[columns].fillna("").itertuples(index=False, name=None))


def model_rows(
    cells: pd.DataFrame,
    scores: pd.DataFrame,
    significance: pd.DataFrame,
    reference: pd.DataFrame | None,
) -> pd.DataFrame:
    """What the tables of one model show: a row per sparsity, method and allocation.

    Args:
        cells, scores, significance, reference: the rows of this model; reference is None if the
            config names no reference results.

    Returns:
        The columns of over_seeds; zero_shot_stderr; and for perplexity and zero_shot_mean two
        more: `_mark` ("best" of its row, or "≈" if it is not distinguishable from the best) and
        `_reference`, the reference results as text.
    """
    found = over_seeds(cells)
    errors = standard_errors(scores)
    found["zero_shot_stderr"] = [errors.get(key, np.nan) for key in keys(found)]
    for quantity, form in FORMS.items():
        marks = row_marks(significance[significance["quantity"] == quantity])
        theirs = reference_values(reference, form)
        found[f"{quantity}_mark"] = [marks.get(key, "") for key in keys(found)]
        found[f"{quantity}_reference"] = [
            theirs.get((*key, REFERENCE[quantity]), "") for key in keys(found)
        ]
    return found


def row_marks(pairs: pd.DataFrame) -> dict[tuple[str, ...], str]:
    """(sparsity, method, allocation) → "best" or "≈", from the comparisons of one quantity."""
    pairs = pairs[pairs["baseline"] == "best"]
    alike = pairs[pairs["distinguishable"].eq(False)]
    best = keys(pairs, [*KEY[:2], "against"])
    return dict.fromkeys(best, BEST) | dict.fromkeys(keys(alike), ALIKE)


def reference_values(
    reference: pd.DataFrame | None, form: Callable[[float], str]
) -> dict[tuple[str, ...], str]:
    """(sparsity, method, allocation, quantity) → the reference results as text, each once."""
    if reference is None:
        return {}
    found: dict[tuple[str, ...], dict[str, None]] = {}
    quantities = reference["quantity"].str.replace(r"^ppl_.*", "ppl", regex=True)
    named = keys(reference.assign(quantity=quantities), [*KEY, "quantity"])
    for key, value in zip(named, reference["reference"], strict=True):
        found.setdefault(key, {})[form(value)] = None
    return {key: ", ".join(texts) for key, texts in found.items()}


def standard_errors(scores: pd.DataFrame) -> dict[Hashable, float]:
    """(sparsity, method, allocation) → standard error of the mean accuracy over tasks.

    The error of one seed is √Σ (w s)², where s are the errors of the tasks, taken as independent,
    and w their weights in the mean. The error of several seeds is the mean of theirs: all seeds are
    scored on the same documents, so more of them make it no smaller.
    """
    cells = [*KEY, "seed"]
    scores = scores.fillna({"sparsity": "", "allocation": ""})
    counted = scores[scores["weight"] > 0]
    error = counted["number"].str.replace(r"^([^,]*)", r"\1_stderr", regex=True)
    counted = counted.assign(number=error)[[*cells, "task", "number", "weight"]]
    found = counted.merge(scores[[*cells, "task", "number", "value"]], "left")
    found["part"] = np.square(found["value"] * found["weight"])
    parts = found.groupby(cells, sort=False, dropna=False)["part"]
    seeds = parts.agg(lambda own: own.sum(skipna=False)).pow(0.5)
    return seeds.groupby(level=KEY, sort=False).mean(skipna=False).to_dict()


def shown(text: str, mark: str = "", reference: str = "") -> str:
    """A number as it stands in a table: bold if the best of its row, the reference behind it."""
    marked = {"": text, BEST: f"**{text}**", ALIKE: f"{text} {ALIKE}"}[mark]
    return f"{marked} (reference {reference})" if reference else marked


def of_row(row: pd.Series, quantity: str) -> str:
    """One quantity of a row of `model_rows` as it stands in a table.

    Perplexity by a protocol that is not the first has no marks and no reference.
    """
    found = {"mean": row[quantity], "sd": row[f"{quantity}_sd"], "nan": row[f"{quantity}_nan"]}
    text = spread(pd.Series(found | {"seeds": row["seeds"]}), FORMS.get(quantity, readable))
    return shown(text, row.get(f"{quantity}_mark", ""), row.get(f"{quantity}_reference", ""))


def in_order(rows: pd.DataFrame) -> list[str]:
    """The allocations of all methods in the config's order, which each method's rows keep."""
    found: list[str] = []
    for _, own in rows.groupby("method", sort=False)["allocation"]:
        position = 0
        for name in own:
            if name not in found:
                found.insert(position, name)
            position = found.index(name) + 1
    return found


def perplexity_table(rows: pd.DataFrame, sparsity: str, column: str = PERPLEXITY) -> str:
    """Methods as rows, allocations as columns, the dense model first; markdown.

    Args:
        rows: the table that `model_rows` returns.
        sparsity: which rows.
        column: that of a protocol.
    """
    pruned = rows[rows["sparsity"] == sparsity]
    dense = of_row(rows[rows["method"] == DENSE].iloc[0], column)
    lines = {DENSE: dict.fromkeys(in_order(pruned), dense)}
    for _, row in pruned.iterrows():
        lines.setdefault(row["method"], {})[row["allocation"]] = of_row(row, column)
    # The config may restrict an allocation to some of the methods.
    return markdown(pd.DataFrame.from_dict(lines, orient="index").fillna(""))


def column_of(row: pd.Series) -> tuple[str, Callable[[float], str]]:
    """The title of a task's column, and how its numbers stand there, of a row of its scores."""
    parts = [row["task"], "" if row["number"] == "acc" else str(row["number"])]
    if row["shots"] > 0:
        parts.append(f"{row['shots']:.0f} shot{'s' if row['shots'] > 1 else ''}")
    worse = row["higher"] is False or row["higher"] == False  # noqa: E712 - of numpy or of text
    title = ", ".join(part for part in parts if part)
    return (f"{title} ↓", readable) if worse else (title, accuracy)


def zero_shot_table(
    rows: pd.DataFrame, scores: pd.DataFrame, reference: pd.DataFrame | None, sparsity: str
) -> str:
    """Cells as rows, tasks and the mean with its standard error as columns; markdown.

    A column of anything but acc says what it has, its shots, and ↓ if less is better.

    Args:
        rows: of `model_rows`.
        scores, reference: as of `model_rows`.
        sparsity: which rows.
    """
    own = scores[scores["counts"].eq(True)].fillna({"sparsity": "", "allocation": ""})
    titles = {row["task"]: column_of(row) for _, row in own.iterrows()}
    found = statistics(own.groupby([*KEY, "task"], sort=False)["value"]).reset_index("task")
    tasks = dict(list(found.groupby(level=KEY, sort=False)))
    theirs = reference_values(reference, accuracy)
    lines = {}
    chosen = rows[rows["sparsity"].isna() | (rows["sparsity"] == sparsity)]
    for key, (_, row) in zip(keys(chosen), chosen.iterrows(), strict=True):
        line = {}
        for _, one in tasks[key].iterrows():
            title, form = titles[one["task"]]
            beside = theirs.get((*key, f"zeroshot/{one['task']}/acc"), "")
            line[title] = shown(spread(one, form), reference=beside)
        line |= {
            "mean": of_row(row, ZERO_SHOT),
            "standard error": accuracy(row["zero_shot_stderr"]),
        }
        lines[" ".join(part for part in key[1:] if part)] = line
    return markdown(pd.DataFrame.from_dict(lines, orient="index"))
