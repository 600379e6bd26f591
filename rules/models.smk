"""Models: fetched from the hub or a local folder, or only their published alphas."""

# A job has only the modules that are asked for here. It chooses its family by the config.json of
# its model, which may still be on the hub.
for family in families.FAMILIES:
    source_path(f"heavytail.models.families.{family}")

# This file stands for a model that has only published alphas.
PUBLISHED_MODEL = "<results>/models/{model}/published.json"
CHECKSUMS = resolved("<results>/models/checksums.json")


def source_of_model(model):
    """Where the weights of a model come from: its folder, or its repository and revision."""
    entry = CONFIG["models"][model]
    return {key: entry[key] for key in ("hub", "path", "revision") if key in entry}


@cache
def family_in(folder, _changed):
    """The module of the family to which the model in a folder belongs."""
    return families.family_module(folder)


def digest_for(model, *names):
    """`digest` of code that reads a model, with the module of its family.

    The family is not known before a model was fetched from the hub. Snakemake asks again when a job
    starts.
    """
    folder = CONFIG["models"][model].get("path") or resolved(f"<results>/models/{model}")
    config = Path(folder, "config.json")
    family = config.exists() and family_in(folder, config.stat().st_mtime_ns)
    return digest(*names, family) if family else digest(*names)


@cache
def checksums_of(model):
    """The SHA-256 of each file of a local model; empty for a model of the hub."""
    folder = CONFIG["models"][model].get("path")
    return checksums(model_folder.model_files(folder), CHECKSUMS) if folder else {}


@cache
def digest_of(model):
    """The SHA-256 of the file that stands for a model; None if that file must be made again."""
    path, entry = Path(resolved(MODEL).format(model=model)), CONFIG["models"][model]
    record = files.read_json(path) if path.exists() else {}
    if record.get("source") != (entry.get("hub") or Path(entry["path"]).name):
        return None
    if any(record["files"].get(name) != found for name, found in checksums_of(model).items()):
        return None
    return files.sha256(path)


rule fetch_model:
    output:
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
        digest=lambda w: digest_for(w.model, "fetch_model"),
        settings=lambda wildcards: source_of_model(wildcards.model),
        # The content of a file counts, not its time: a file that moves keeps its time.
        files=lambda wildcards: checksums_of(wildcards.model),
    script:
        "../scripts/fetch_model.py"


rule read_alphas:
    input:
        config=lambda w: f"{CONFIG['models'][w.model]['path']}/config.json",
        alphas=lambda w: CONFIG["models"][w.model]["alphas"]["file"],
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
