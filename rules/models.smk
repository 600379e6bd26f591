"""Models: fetched from the hub or a local folder, or only their published alphas."""


include: "models_functions.smk"


# A job has only the modules that are asked for here. It chooses its family by the config.json of
# its model, which may still be on the hub.
for family in families.FAMILIES:
    source_path(f"heavytail.models.families.{family}")
source_path(families.DISCOVERY)

# This file stands for a model that has only published alphas.
PUBLISHED_MODEL = "<results>/models/{model}/published.json"
CHECKSUMS = resolved("<results>/models/checksums.json")


rule fetch_model:
    output:
        **{name: directory(files) for name, files in WITH_FILES.items()},
        provenance=MODEL,
    log:
        "<logs>/fetch_model/{model}.log",
    benchmark:
        "<benchmarks>/fetch_model/{model}.tsv"
    wildcard_constraints:
        model=any_of(WEIGHTED),
    # The hub's library waits and resumes, but gives up after some of the answers of a busy hub.
    retries: 2 * any("hub" in entry for entry in CONFIG["models"].values())
    localrule: True
    conda:
        "../envs/compute.yaml"
    params:
        # Before a model has come, nothing says its family: the checks of its folder count alone.
        digest=digest("fetch_model"),
        settings=lambda wildcards: source_of_model(wildcards.model),
        # The content of a file counts, not its time: a file that moves keeps its time.
        files=lambda wildcards: checksums_of(wildcards.model),
    script:
        "../scripts/fetch_model.py"


rule read_alphas:
    input:
        config=lambda w: as_input(f"{CONFIG['models'][w.model]['path']}/config.json"),
        alphas=lambda w: as_input(CONFIG["models"][w.model]["alphas"]["file"]),
    output:
        model=PUBLISHED_MODEL,
        metrics=f"<results>/metrics/{{model}}/{metric_names.METRICS['alpha_peak'].family}.csv",
    log:
        "<logs>/read_alphas/{model}.log",
    benchmark:
        "<benchmarks>/read_alphas/{model}.tsv"
    wildcard_constraints:
        model=any_of(PUBLISHED),
    localrule: True
    conda:
        "../envs/compute.yaml"
    params:
        digest=lambda w: digest_for(w.model, "read_alphas"),
        settings=lambda wildcards: {"order": CONFIG["models"][wildcards.model]["alphas"]["order"]},
    script:
        "../scripts/read_alphas.py"
