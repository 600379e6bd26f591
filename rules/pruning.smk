"""Pruned cells: each is stored as a compact artifact and, on demand, as a Hugging Face folder.

A rule that reads an artifact depends on the origin of the cell and not on the artifact. So an
artifact may be deleted: the job that reads it prunes the cell again. With `artifacts: temporary` no
cell is stored: one job prunes and evaluates it, and other jobs prune it for themselves.
"""

PRUNED = f"<results>/pruned/{{model}}/{CELL}"
ARTIFACT = {"artifact": f"{PRUNED}.safetensors"}
if not TEMPORARY:
    # If artifacts are temporary, the job that evaluates the cell writes these two.
    ARTIFACT |= {"record": f"{PRUNED}.json", "origin": f"{PRUNED}.origin.json"}


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
    return rules.freeze_calibration.output.tokens if calibrated(wildcards.method) else []


rule prune_cell:
    input:
        model=MODEL,
        ratios=rules.allocate_sparsity.output.ratios,
        calibration=calibration_of,
        # This is never a file: the job only waits for the check.
        checked=check_of_cell if EXPECTED else [],
    output:
        **ARTIFACT,
    log:
        f"<logs>/prune_cell/{{model}}/{CELL}.log",
    benchmark:
        f"<benchmarks>/prune_cell/{{model}}/{CELL}.tsv"
    conda:
        GPU_ENVIRONMENT
    resources:
        **PRUNING,
        **STORE,
    params:
        digest=prune_digest,
        settings=prune_settings,
    script:
        "../scripts/prune_cell.py"


rule export_cell:
    input:
        model=MODEL,
        origin=f"{PRUNED}.origin.json",
        ratios=rules.allocate_sparsity.output.ratios,
    output:
        folder=directory(f"<results>/exported/{{model}}/{CELL}"),
    log:
        f"<logs>/export_cell/{{model}}/{CELL}.log",
    benchmark:
        f"<benchmarks>/export_cell/{{model}}/{CELL}.tsv"
    conda:
        EXPORT_ENVIRONMENT
    resources:
        **ASIDE,
        **EXPORT,
    params:
        digest=lambda w: digest_for(w.model, "export_cell"),
        settings=export_settings,
    script:
        "../scripts/export_cell.py"
