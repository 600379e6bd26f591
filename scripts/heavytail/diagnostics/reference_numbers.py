"""The diagnostics among the reference results: one number each, or one per block."""

# The reference's names of means over blocks → our quantity, and the projections that it is of.
MEANS = {
    "V_entropy_avg": ("v_entropy", "v_proj"),
    "V_rank_avg": ("v_rank", "v_proj"),
    "QK_entropy_avg": ("qk_entropy", "qk"),
}


def diagnostics(results: list[dict[str, str]]) -> dict[tuple[str, str, str], tuple[float, ...]]:
    """(quantity, what it is of, model) → values, from the reference results that name no method.

    If the reference records a number twice, the later one counts: it has more digits. The vectors
    are of a model of 32 blocks that the reference does not name.
    """
    found: dict[tuple[str, str, str], dict[int, float]] = {}
    for row in results:
        if not row["method"]:
            quantity, of = MEANS.get(row["quantity"], (row["quantity"], row["grouping"]))
            blocks = found.setdefault((quantity, of, row["model"]), {})
            blocks[int(row["layer"] or 0)] = float(row["value"])
    return {key: tuple(blocks[b] for b in sorted(blocks)) for key, blocks in found.items()}
