"""Calibration text, evaluation text and tasks, frozen to local files."""


include: "data_functions.smk"


# Tasks that are made on this machine, and tasks of lm-eval, whose data come from the hub.
LOCAL_TASKS = [name for name, task in TASKS.items() if task.path]
PYTHON_TASKS = [name for name, t in TASKS.items() if t.folder is None and not t.path]
HUB_TASKS = [name for name, task in TASKS.items() if task.folder]
HUB_TEXTS = [name for name, text in TEXTS.items() if text.hub]
LOCAL_TEXTS = [name for name, text in TEXTS.items() if not text.hub and not text.made_here]
# The text that calibrates, or those of a mixture → the weight of each.
WEIGHTS = own_texts.weights_of(CONFIG["calibration"]["dataset"])
# What is scored → how its text is cut: by the first protocol, in trials, by the other protocols.
EVALUATED = {
    "test": protocols.settings_of(FIRST) | {"split": FIRST["split"]},
    "validation": {key: CONFIG["tune"][key] for key in ("dataset", "length", "windows")}
    | {"split": "validation"},
} | {
    name: protocols.settings_of(protocol) | {"split": protocol["split"]}
    for name, protocol in OTHERS.items()
}


rule extract_python:
    output:
        documents="<results>/data/python/{split}.jsonl",
        origin="<results>/data/python/{split}.json",
    log:
        "<logs>/extract_python/{split}.log",
    benchmark:
        "<benchmarks>/extract_python/{split}.tsv"
    wildcard_constraints:
        split=any_of(texts.SPLITS),
    localrule: True
    conda:
        "../envs/compute.yaml"
    params:
        digest=digest("extract_python"),
    script:
        "../scripts/extract_python.py"


rule fetch_text:
    output:
        documents="<results>/data/{dataset}/{split}.jsonl",
        origin="<results>/data/{dataset}/{split}.json",
    log:
        "<logs>/fetch_text/{dataset}-{split}.log",
    benchmark:
        "<benchmarks>/fetch_text/{dataset}-{split}.tsv"
    wildcard_constraints:
        dataset=any_of(HUB_TEXTS),
        split=any_of(texts.SPLITS),
    retries: 2
    localrule: True
    conda:
        "../envs/compute.yaml"
    params:
        digest=digest("fetch_text"),
        settings=lambda wildcards: texts.source_of(TEXTS[wildcards.dataset], wildcards.split),
    script:
        "../scripts/fetch_text.py"


rule read_text:
    output:
        documents="<results>/data/{dataset}/{split}.jsonl",
        origin="<results>/data/{dataset}/{split}.json",
    log:
        "<logs>/read_text/{dataset}-{split}.log",
    benchmark:
        "<benchmarks>/read_text/{dataset}-{split}.tsv"
    wildcard_constraints:
        dataset=any_of(LOCAL_TEXTS),
        split=any_of(texts.SPLITS),
    localrule: True
    conda:
        "../envs/compute.yaml"
    params:
        digest=digest("read_text"),
        settings=lambda wildcards: texts.source_of(TEXTS[wildcards.dataset], wildcards.split),
        # The content of a file counts, not its time: a file that moves keeps its time.
        content=lambda wildcards: content_of(wildcards.dataset, wildcards.split),
    script:
        "../scripts/read_text.py"


rule freeze_calibration:
    input:
        **WITH_FILES,
        model=MODEL,
        documents=[f"<results>/data/{name}/calibration.jsonl" for name in WEIGHTS],
        origin=[f"<results>/data/{name}/calibration.json" for name in WEIGHTS],
    output:
        tokens="<results>/calibration/{model}/seed-{seed}.safetensors",
    log:
        "<logs>/freeze_calibration/{model}/seed-{seed}.log",
    benchmark:
        "<benchmarks>/freeze_calibration/{model}/seed-{seed}.tsv"
    conda:
        "../envs/compute.yaml"
    resources:
        **TEXT,
    params:
        digest=digest("freeze_calibration"),
        settings=calibration_settings,
    script:
        "../scripts/freeze_calibration.py"


rule freeze_evaluation:
    input:
        **WITH_FILES,
        model=MODEL,
        documents=lambda w: scored_text(w.scored, "jsonl"),
        origin=lambda w: scored_text(w.scored, "json"),
    output:
        tokens="<results>/evaluation/{model}/{scored}.safetensors",
    log:
        "<logs>/freeze_evaluation/{model}/{scored}.log",
    benchmark:
        "<benchmarks>/freeze_evaluation/{model}/{scored}.tsv"
    wildcard_constraints:
        scored=any_of(EVALUATED),
    conda:
        "../envs/compute.yaml"
    resources:
        **TEXT,
    params:
        digest=digest("freeze_evaluation"),
        settings=evaluation_settings,
    script:
        "../scripts/freeze_evaluation.py"


rule build_python_task:
    input:
        documents="<results>/data/python/test.jsonl",
    output:
        data="<results>/data/tasks/{task}.jsonl",
        task="<results>/data/tasks/{task}.yaml",
    log:
        "<logs>/build_python_task/{task}.log",
    benchmark:
        "<benchmarks>/build_python_task/{task}.tsv"
    wildcard_constraints:
        task=any_of(PYTHON_TASKS),
    localrule: True
    conda:
        "../envs/compute.yaml"
    params:
        digest=lambda w: digest("build_python_task", f"heavytail.data.tasks.{w.task}"),
        settings=lambda wildcards: {"task": wildcards.task},
    script:
        "../scripts/build_python_task.py"


rule fetch_task:
    output:
        data="<results>/data/tasks/{task}.jsonl",
        task="<results>/data/tasks/{task}.yaml",
    log:
        "<logs>/fetch_task/{task}.log",
    benchmark:
        "<benchmarks>/fetch_task/{task}.tsv"
    wildcard_constraints:
        task=any_of(HUB_TASKS),
    retries: 2
    localrule: True
    conda:
        "../envs/compute.yaml"
    params:
        digest=digest("fetch_task"),
        settings=lambda w: task_settings(w.task),
    script:
        "../scripts/fetch_task.py"


rule read_task:
    output:
        data="<results>/data/tasks/{task}.jsonl",
        task="<results>/data/tasks/{task}.yaml",
    log:
        "<logs>/read_task/{task}.log",
    benchmark:
        "<benchmarks>/read_task/{task}.tsv"
    wildcard_constraints:
        task=any_of(LOCAL_TASKS),
    localrule: True
    conda:
        "../envs/compute.yaml"
    params:
        digest=digest("read_task"),
        settings=lambda wildcards: task_settings(wildcards.task),
        # The content of a file counts, not its time: a file that moves keeps its time.
        content=lambda wildcards: content_of_task(wildcards.task),
    script:
        "../scripts/read_task.py"
