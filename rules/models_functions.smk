"""Input functions and digests of models."""


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
    starts. If a store has the files of models, the code of all families counts: a job on another
    machine has no such file when its digests are asked for.
    """
    if STORED:
        return digest(*names, *(f"heavytail.models.families.{own}" for own in families.FAMILIES))
    folder = CONFIG["models"][model].get("path") or resolved(f"<results>/models/{model}")
    config = Path(folder, "config.json")
    family = config.exists() and family_in(folder, config.stat().st_mtime_ns)
    return digest(*names, family) if family else digest(*names)


@cache
def checksums_of(model):
    """The SHA-256 of each file of a local model; empty for a model of the hub."""
    folder = CONFIG["models"][model].get("path")
    found = checksums(model_folder.model_files(folder), CHECKSUMS) if folder else {}
    return {model_folder.named(path, folder): digest for path, digest in found.items()}


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
