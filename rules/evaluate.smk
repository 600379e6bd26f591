"""Perplexity and zero-shot accuracy of the dense model and of every cell."""


wildcard_constraints:
    cell=f"{DENSE}|{CELLS}",


rule evaluate_perplexity:
    input:
        model=MODEL,
        artifact=lambda w: artifact_path(w.model, w.cell) or [],
        tokens="results/evaluation/{model}/test.safetensors",
    output:
        record="results/perplexity/{model}/{cell}.json",
    log:
        "results/logs/evaluate_perplexity/{model}/{cell}.log",
    benchmark:
        "results/benchmarks/evaluate_perplexity/{model}/{cell}.tsv"
    conda:
        GPU_ENVIRONMENT
    resources:
        gpu=GPU,
    params:
        digest=digest("evaluate_perplexity"),
    script:
        "../scripts/evaluate_perplexity.py"


rule evaluate_zero_shot:
    input:
        model=MODEL,
        artifact=lambda w: artifact_path(w.model, w.cell) or [],
        tasks=expand("results/data/tasks/{task}.yaml", task=CONFIG["tasks"]),
        data=expand("results/data/tasks/{task}.jsonl", task=CONFIG["tasks"]),
    output:
        record="results/zero_shot/{model}/{cell}.json",
    log:
        "results/logs/evaluate_zero_shot/{model}/{cell}.log",
    benchmark:
        "results/benchmarks/evaluate_zero_shot/{model}/{cell}.tsv"
    conda:
        GPU_ENVIRONMENT
    resources:
        gpu=GPU,
    params:
        digest=digest("evaluate_zero_shot"),
        settings={"tasks": CONFIG["tasks"]},
    script:
        "../scripts/evaluate_zero_shot.py"
