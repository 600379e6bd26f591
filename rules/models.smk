"""Models: fetched from the hub or a local folder, or only their published alphas."""

# Jobs come with the modules that were asked for here. They choose a family by the config.json of
# their model, which may lie on the hub still.
for family in families.FAMILIES:
    source_path(f"heavytail.models.families.{family}")

# What stands for a model of which there are published alphas alone.
PUBLISHED_MODEL = "<results>/models/{model}/published.json"
CHECKSUMS = resolved("<results>/models/checksums.json")


def source_of_model(model):
    """What says which weights a model has: its folder, or its repository and revision."""
    entry = CONFIG["models"][model]
    return {key: entry[key] for key in ("hub", "path", "revision") if key in entry}


@cache
def family_in(folder, _changed):
    """The module of the family that a model's folder is of."""
    return families.family_module(folder)


def digest_for(model, *names):
    """`digest` of code that reads a model, with the module of its family.

    Before a model has come from the hub nothing says its family; jobs are asked again when they start.
    """
    folder = CONFIG["models"][model].get("path") or resolved(f"<results>/models/{model}")
    config = Path(folder, "config.json")
    family = config.exists() and family_in(folder, config.stat().st_mtime_ns)
    return digest(*names, family) if family else digest(*names)


@cache
def checksums_of(model):
    """The SHA-256 of each of a local model's files, whatever their times; none of a model of the hub."""
    folder = CONFIG["models"][model].get("path")
    return checksums(model_folder.model_files(folder), CHECKSUMS) if folder else {}


@cache
def digest_of(model):
    """The SHA-256 of the file that stands for a model; None where it is to be made anew."""
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
    # The hub's library waits and resumes, but takes some refusals of a busy hub for final.
    retries: 2 * any("hub" in entry for entry in CONFIG["models"].values())
    localrule: True
    conda:
        "../envs/compute.yaml"
    params:
        digest=lambda w: digest_for(w.model, "fetch_model"),
        settings=lambda wildcards: source_of_model(wildcards.model),
        # A file's content counts and not its time: of two folders that change places either keeps it.
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
