"""Input functions, settings and digests of pruned cells."""


def origin_of(measured):
    """The file that says what a cell was pruned from; empty for a dense model."""
    _, _, cell = measured.partition("/")
    return [] if cell in ("", DENSE) else f"<results>/pruned/{measured}.origin.json"


def prune_settings(wildcards):
    """How a cell is pruned, apart from its ratios."""
    variant = METHODS[wildcards.method]
    _, group_size = axes.target_of(wildcards.sparsity)
    steps = {key: getattr(variant, key) for key in methods.STEPS if getattr(variant, key)}
    way = {"method": variant.method, "within_block": variant.within_block}
    return way | {"group_size": group_size} | steps


def prune_modules(wildcards):
    """The modules that the pruning of a cell chooses by name."""
    variant = METHODS[wildcards.method]
    found = [f"heavytail.pruning.methods.{variant.method}"]
    if variant.within_block:
        found.append(f"heavytail.pruning.within_block.{variant.within_block}")
    steps = [step for step in (variant.refine, variant.update) if step]
    found += [f"heavytail.pruning.after.{step}" for step in steps]
    return found + (["heavytail.pruning.combined"] if steps else [])


def prune_digest(wildcards):
    """A digest that changes if the code that prunes the cell changes in meaning."""
    return digest_for(wildcards.model, "prune_cell", *prune_modules(wildcards))


def export_settings(wildcards):
    """How the recipe of an exported cell describes the pruning to llm-compressor."""
    settings = prune_settings(wildcards)
    return {
        "modifier": methods.METHODS[settings["method"]].modifier,
        "group_size": settings["group_size"],
    }


def calibration_of(wildcards):
    """The calibration tokens of a cell; magnitude pruning reads none."""
    return path_of(rules.freeze_calibration.output.tokens) if calibrated(wildcards.method) else []
