"""Pruned cells: each is stored as a compact artifact and, on demand, as a Hugging Face folder.

A rule that reads an artifact depends on the origin of the cell and not on the artifact. So an
artifact may be deleted: the job that reads it prunes the cell again. With `artifacts: temporary` no
cell is stored: one job prunes and evaluates it, and other jobs prune it for themselves.
"""


include: "pruning_functions.smk"


PRUNED = f"<results>/pruned/{{model}}/{CELL}"
ARTIFACT = {"artifact": f"{PRUNED}.safetensors"}
if not TEMPORARY:
    # If artifacts are temporary, the job that evaluates the cell writes these two.
    ARTIFACT |= {"record": f"{PRUNED}.json", "origin": f"{PRUNED}.origin.json"}


rule prune_cell:
    input:
        **WITH_FILES,
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
        "../envs/compute.yaml"
    threads: PRUNING_THREADS
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
        **WITH_FILES,
        **{name: f"{PRUNED}.safetensors" for name in WITH_ARTIFACT},
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
        "../envs/compute.yaml"
    resources:
        **ASIDE,
        **EXPORT,
    params:
        digest=lambda w: digest_for(w.model, "export_cell"),
        settings=export_settings,
    script:
        "../scripts/export_cell.py"
