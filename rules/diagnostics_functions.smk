"""What diagnostics compare."""


def compared(model):
    """The dense model and of each method the first cell → what stands for it in paths of spectra."""
    own = [row for row in rows() if row["model"] == model]
    # Later ones are overwritten by earlier ones.
    first = {row["method"]: row["cell"] for row in reversed(own)}
    return {
        cell: model if cell == DENSE else f"{model}/{cell}" for cell in reversed(first.values())
    }
