"""Models: fetched from the hub or a local folder, or only their published alphas; the stand-in."""


rule fetch_model:
    input:
        files=lambda wildcards: local_files_of(wildcards.model),
    output:
        provenance=MODEL,
    log:
        "results/logs/fetch_model/{model}.log",
    benchmark:
        "results/benchmarks/fetch_model/{model}.tsv"
    wildcard_constraints:
        model=any_of(WEIGHTED),
    # The hub's library waits and resumes, but takes some refusals of a busy hub for final.
    retries: 2 * any("hub" in entry for entry in CONFIG["models"].values())
    localrule: True
    conda:
        "../envs/compute.yaml"
    params:
        digest=digest("fetch_model"),
        settings=lambda wildcards: source_of_model(wildcards.model),
    script:
        "../scripts/fetch_model.py"


rule read_alphas:
    input:
        config=lambda w: f"{CONFIG['models'][w.model]['path']}/config.json",
        alphas=lambda w: CONFIG["models"][w.model]["alphas"]["file"],
    output:
        model=PUBLISHED_MODEL,
        metrics=f"results/metrics/{{model}}/{metric_names.METRICS['alpha_peak'].family}.csv",
    log:
        "results/logs/read_alphas/{model}.log",
    benchmark:
        "results/benchmarks/read_alphas/{model}.tsv"
    wildcard_constraints:
        model=any_of(PUBLISHED),
    localrule: True
    conda:
        "../envs/compute.yaml"
    params:
        digest=digest("read_alphas"),
        settings=lambda wildcards: {"order": CONFIG["models"][wildcards.model]["alphas"]["order"]},
    script:
        "../scripts/read_alphas.py"


rule train_standin:
    output:
        model=directory("results/standin/model"),
        record="results/standin/training.json",
    log:
        "results/logs/train_standin.log",
    benchmark:
        "results/benchmarks/train_standin.tsv"
    conda:
        "../envs/compute.yaml"
    threads: 16
    params:
        digest=digest("train_standin"),
    script:
        "../scripts/train_standin.py"
