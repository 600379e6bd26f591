"""Perplexity and zero-shot accuracy of the dense model and of every cell."""


wildcard_constraints:
    cell=f"{DENSE}|{CELLS}",


rule evaluate_perplexity:
    input:
        model=MODEL,
        origin=lambda w: origin_of(f"{w.model}/{w.cell}"),
        tokens="results/evaluation/{model}/test.safetensors",
    output:
        record="results/perplexity/{model}/{cell}.json",
    log:
        "results/logs/evaluate_perplexity/{model}/{cell}.log",
    benchmark:
        "results/benchmarks/evaluate_perplexity/{model}/{cell}.tsv"
    priority: TURN
    conda:
        GPU_ENVIRONMENT
    resources:
        **ARTIFACT,
        **PERPLEXITY,
    params:
        digest=digest("evaluate_perplexity"),
    script:
        "../scripts/evaluate_perplexity.py"


# A checkpoint, and no input of the cells. A further input would make every finished cell stale; and
# where one is ancient, Snakemake 9.27 overlooks a cell's own changes as long as a job upstream of it,
# such as the dense evaluation, has to run.
checkpoint check_dense:
    input:
        model=MODEL,
        record=f"results/perplexity/{{model}}/{DENSE}.json",
    output:
        verdict=VERDICT,
    log:
        "results/logs/check_dense/{model}.log",
    benchmark:
        "results/benchmarks/check_dense/{model}.tsv"
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


rule evaluate_zero_shot:
    input:
        model=MODEL,
        origin=lambda w: origin_of(f"{w.model}/{w.cell}"),
        tasks=expand("results/data/tasks/{task}.yaml", task=CONFIG["tasks"]),
        data=expand("results/data/tasks/{task}.jsonl", task=CONFIG["tasks"]),
    output:
        record="results/zero_shot/{model}/{cell}.json",
    log:
        "results/logs/evaluate_zero_shot/{model}/{cell}.log",
    benchmark:
        "results/benchmarks/evaluate_zero_shot/{model}/{cell}.tsv"
    priority: TURN
    conda:
        GPU_ENVIRONMENT
    resources:
        **ARTIFACT,
        **ZERO_SHOT,
    params:
        digest=digest("evaluate_zero_shot"),
        settings=lambda w: {"tasks": CONFIG["tasks"], "bos": bos_of(w.model)},
    script:
        "../scripts/evaluate_zero_shot.py"
