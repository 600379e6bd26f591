"""The notes' diagnostics as they were printed: one number, or one per block from block 0 on."""

# The notes' names of means over blocks → quantity and what it is of.
MEANS = {
    "V_entropy_avg": ("v_entropy", "v_proj"),
    "V_rank_avg": ("v_rank", "v_proj"),
    "QK_entropy_avg": ("qk_entropy", "qk"),
}


def diagnostics(notes: list[dict[str, str]]) -> dict[tuple[str, str, str], tuple[float, ...]]:
    """(quantity, what it is of, model) → values, of the rows that are no cell's.

    Where the notes print a number twice the later one counts, which has more digits. The model of
    the vectors, of 32 blocks, is not named in the notes.
    """
    found: dict[tuple, dict[int, float]] = {}
    for row in notes:
        if not row["method"]:
            quantity, of = MEANS.get(row["quantity"], (row["quantity"], row["grouping"]))
            blocks = found.setdefault((quantity, of, row["model"]), {})
            blocks[int(row["layer"] or 0)] = float(row["value"])
    return {key: tuple(blocks[b] for b in sorted(blocks)) for key, blocks in found.items()}
