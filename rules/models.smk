"""Models: fetched from the hub or a local folder; the stand-in can be trained again."""


rule fetch_model:
    input:
        files=local_files,
    output:
        provenance="results/models/{model}/provenance.json",
    log:
        "results/logs/fetch_model/{model}.log",
    benchmark:
        "results/benchmarks/fetch_model/{model}.tsv"
    # The hub's library waits and resumes, but takes some refusals of a busy hub for final.
    retries: 2 * any("hub" in entry for entry in CONFIG["models"].values())
    localrule: True
    conda:
        "../envs/compute.yaml"
    params:
        digest=digest("fetch_model"),
        settings=lambda wildcards: dict(sorted(CONFIG["models"][wildcards.model].items())),
    script:
        "../scripts/fetch_model.py"


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
