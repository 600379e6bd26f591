"""Check a dense model that is known to reach a perplexity, before anything is pruned."""


include: "checks_functions.smk"


# The check of a dense model writes this file if it passes.
VERDICT = "<results>/checks/{model}.json"


# This is a checkpoint and not an input of the cells. Another input would make every finished cell
# stale. If it were `ancient`, Snakemake 9.27 would overlook the changes of a cell as long as a job
# upstream of it, such as the dense evaluation, has to run.
checkpoint check_dense:
    input:
        model=MODEL,
        record=f"<results>/perplexity/{{model}}/{DENSE}.json",
    output:
        verdict=VERDICT,
    log:
        "<logs>/check_dense/{model}.log",
    benchmark:
        "<benchmarks>/check_dense/{model}.tsv"
    wildcard_constraints:
        model=any_of(EXPECTED),
    localrule: True
    conda:
        "../envs/tables.yaml"
    params:
        digest=digest("check_dense"),
        settings=lambda wildcards: expectation_of(wildcards.model),
    script:
        "../scripts/check_dense.py"
