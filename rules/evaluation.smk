"""Evaluation: perplexity and zero-shot accuracy of dense models and of every cell, trials and searches."""


include: "evaluation_functions.smk"


# Rows that have a job for each evaluation. With temporary artifacts evaluate_cell does the others.
EVALUATED_APART = DENSE if TEMPORARY else f"{DENSE}|{CELLS}"
TASK_FILES = {
    "tasks": [f"<results>/data/tasks/{task}.yaml" for task in TASKS],
    "data": [f"<results>/data/tasks/{task}.jsonl" for task in TASKS],
}


# The code that scores the first protocol.
SCORED_BY = "evaluate_perplexity" if protocols.is_plain(FIRST) else "evaluate_protocol"


rule evaluate_perplexity:
    input:
        **WITH_FILES,
        **WITH_ARTIFACT,
        model=MODEL,
        origin=lambda w: origin_of(f"{w.model}/{w.cell}"),
        tokens="<results>/evaluation/{model}/test.safetensors",
    output:
        record="<results>/perplexity/{model}/{cell}.json",
    log:
        "<logs>/evaluate_perplexity/{model}/{cell}.log",
    benchmark:
        "<benchmarks>/evaluate_perplexity/{model}/{cell}.tsv"
    wildcard_constraints:
        cell=EVALUATED_APART,
    conda:
        "../envs/compute.yaml"
    threads: PERPLEXITY_THREADS
    resources:
        **PERPLEXITY,
        **STORE,
    params:
        digest=lambda w: digest_for(w.model, SCORED_BY),
    script:
        f"../scripts/{SCORED_BY}.py"


rule evaluate_protocol:
    input:
        **WITH_FILES,
        **WITH_ARTIFACT,
        model=MODEL,
        origin=lambda w: origin_of(f"{w.model}/{w.cell}"),
        tokens="<results>/evaluation/{model}/{protocol}.safetensors",
    output:
        record="<results>/protocols/{protocol}/{model}/{cell}.json",
    log:
        "<logs>/evaluate_protocol/{protocol}/{model}/{cell}.log",
    benchmark:
        "<benchmarks>/evaluate_protocol/{protocol}/{model}/{cell}.tsv"
    wildcard_constraints:
        cell=EVALUATED_APART,
    conda:
        "../envs/compute.yaml"
    threads: PERPLEXITY_THREADS
    resources:
        **PERPLEXITY,
        **STORE,
    params:
        digest=lambda w: digest_for(w.model, "evaluate_protocol"),
    script:
        "../scripts/evaluate_protocol.py"


rule evaluate_zero_shot:
    input:
        **TASK_FILES,
        **WITH_FILES,
        **WITH_ARTIFACT,
        model=MODEL,
        origin=lambda w: origin_of(f"{w.model}/{w.cell}"),
    output:
        record="<results>/zero_shot/{model}/{cell}.json",
    log:
        "<logs>/evaluate_zero_shot/{model}/{cell}.log",
    benchmark:
        "<benchmarks>/evaluate_zero_shot/{model}/{cell}.tsv"
    wildcard_constraints:
        cell=EVALUATED_APART,
    conda:
        "../envs/compute.yaml"
    threads: ZERO_SHOT_THREADS
    resources:
        **ZERO_SHOT,
        **STORE,
    params:
        digest=lambda w: digest_for(w.model, "evaluate_zero_shot"),
        settings=zero_shot_settings,
    script:
        "../scripts/evaluate_zero_shot.py"


# What the job of a temporary cell leaves.
RECORDS = {
    "pruned": f"{PRUNED}.json",
    "origin": f"{PRUNED}.origin.json",
    "perplexity": f"<results>/perplexity/{{model}}/{CELL}.json",
}
if OTHERS:
    RECORDS["protocols"] = [f"<results>/protocols/{name}/{{model}}/{CELL}.json" for name in OTHERS]
if TASKS:
    RECORDS["zero_shot"] = f"<results>/zero_shot/{{model}}/{CELL}.json"

if TEMPORARY:

    rule evaluate_cell:
        input:
            **TASK_FILES,
            **WITH_FILES,
            model=MODEL,
            ratios=rules.allocate_sparsity.output.ratios,
            calibration=calibration_of,
            tokens="<results>/evaluation/{model}/test.safetensors",
            others=[f"<results>/evaluation/{{model}}/{name}.safetensors" for name in OTHERS],
            checked=check_of_cell if EXPECTED else [],
        output:
            **RECORDS,
        log:
            f"<logs>/evaluate_cell/{{model}}/{CELL}.log",
        benchmark:
            f"<benchmarks>/evaluate_cell/{{model}}/{CELL}.tsv"
        conda:
            "../envs/compute.yaml"
        threads: CELL_THREADS
        resources:
            **ASIDE,
            **CELL_AT_ONCE,
            **STORE,
        params:
            prune_cell=lambda w: {"digest": prune_digest(w), "settings": prune_settings(w)},
            evaluate_perplexity=lambda w: {"digest": digest_for(w.model, SCORED_BY)},
            evaluate_protocol=lambda w: {"digest": digest_for(w.model, "evaluate_protocol")},
            evaluate_zero_shot=lambda w: {
                "digest": digest_for(w.model, "evaluate_zero_shot"),
                "settings": zero_shot_settings(w),
            },
            digest=digest("evaluate_cell"),
        script:
            "../scripts/evaluate_cell.py"


rule tune_allocation:
    input:
        unpack(tune_inputs),
        **WITH_FILES,
        model=MODEL,
        validation="<results>/evaluation/{model}/validation.safetensors",
        checked=check_of_trials if EXPECTED else [],
    output:
        record="<results>/tuned/{model}/{method}/{sparsity}/{allocation}.json",
    log:
        "<logs>/tune_allocation/{model}/{method}/{sparsity}/{allocation}.log",
    benchmark:
        "<benchmarks>/tune_allocation/{model}/{method}/{sparsity}/{allocation}.tsv"
    conda:
        "../envs/compute.yaml"
    threads: TUNING_THREADS
    resources:
        **TUNING,
        **STORE,
    params:
        digest=tune_digest,
        settings=tune_settings,
        pruning=prune_settings,
    script:
        "../scripts/tune_allocation.py"


rule search_allocation:
    input:
        unpack(search_inputs),
        **WITH_FILES,
        model=MODEL,
        validation="<results>/evaluation/{model}/validation.safetensors",
        checked=check_of_search if EXPECTED else [],
    output:
        ratios="<results>/searched/{model}/{method}/{sparsity}/{allocation}.csv",
        record="<results>/searched/{model}/{method}/{sparsity}/{allocation}.json",
    log:
        "<logs>/search_allocation/{model}/{method}/{sparsity}/{allocation}.log",
    benchmark:
        "<benchmarks>/search_allocation/{model}/{method}/{sparsity}/{allocation}.tsv"
    conda:
        "../envs/compute.yaml"
    resources:
        **SEARCHING,
        **STORE,
    params:
        digest=search_digest,
        settings=search_settings,
        pruning=prune_settings,
    script:
        "../scripts/search_allocation.py"
