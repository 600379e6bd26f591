"""What the report says of costs: by rule, and by cell."""

from collections.abc import Sequence

import pandas as pd

from heavytail.cells import PATH
from heavytail.report.encode import joined
from heavytail.tables.costs import Cost

AXES = ["model", "method", "sparsity", "allocation", "seed"]


def rule_rows(found: Sequence[Cost]) -> pd.DataFrame:
    """A row per rule, the most expensive first.

    Returns:
        rule, jobs, restored (how many of them came from the store), seconds and mean of those that
        computed, again (what all jobs cost if each computes), memory (the most, in MB).
    """
    if not found:
        return joined([])
    table = pd.DataFrame(found)
    groups = table.groupby("rule", sort=False)
    computed = table[~table["restored"]].groupby("rule", sort=False)["seconds"]
    rows = groups["restored"].agg(jobs="size", restored="sum")
    rows["seconds"] = computed.sum().reindex(rows.index, fill_value=0.0)
    rows["mean"] = computed.mean().reindex(rows.index)
    rows["again"] = rows["jobs"] * rows["mean"]
    rows["memory"] = groups["memory"].max()
    return rows.sort_values("again", ascending=False).reset_index()


def job_rows(found: Sequence[Cost], cells: pd.DataFrame) -> pd.DataFrame:
    """A row per job that computed something of a cell, in the order of the cells.

    Args:
        found: costs, those of other jobs among them.
        cells: cells.csv.

    Returns:
        `AXES`, rule, seconds, memory in MB.
    """
    pruned = cells[cells["seed"].notna()].astype({"seed": int})[AXES].to_dict("records")
    owners = {f"{row['model']}/{PATH.format(**row)}": row for row in pruned}
    order = {job: place for place, job in enumerate(owners)}
    computed = [cost for cost in found if cost.job in owners and not cost.restored]
    rows = [
        owners[cost.job] | {"rule": cost.rule, "seconds": cost.seconds, "memory": cost.memory}
        for cost in sorted(computed, key=lambda cost: order[cost.job])
    ]
    return pd.DataFrame(rows, columns=[*AXES, "rule", "seconds", "memory"])
