"""Settings of texts, and what of them is known before they are read."""

TEXT_CHECKSUMS = resolved("<results>/data/checksums.json")


@cache
def content_of(dataset, split):
    """The name of what holds a split of a local text, and the SHA-256 of its files together."""
    place = TEXTS[dataset].files[split]
    folder, paths = text_files.text_files(place)
    found = checksums(paths, TEXT_CHECKSUMS)
    named = {path.relative_to(folder).as_posix(): digest for path, digest in found.items()}
    return {"name": Path(place).name, "sha256": together(named)}


def task_settings(task):
    """Where a task and its data are, and its shots; what is scored of it is not frozen."""
    row = TASKS[task]
    where = {"path": row.path} if row.path else {"task": task, "folder": row.folder}
    commit = {} if row.path else {"revision": row.revision}
    return where | commit | ({} if row.shots is None else {"shots": row.shots})


@cache
def content_of_task(task):
    """The SHA-256 of the files of a local task or group and of their data."""
    paths = task_files.read_task_file(TASKS[task].path).files
    return list(checksums(paths, TEXT_CHECKSUMS).values())


def calibration_settings(wildcards):
    """How the calibration windows of a seed are drawn, and from what."""
    drawn = {key: CONFIG["calibration"][key] for key in ("samples", "length", "draw")}
    return {"weights": WEIGHTS, **drawn, "seed": int(wildcards.seed)}


def scored_text(scored, ending):
    """The file of the text on which losses are measured."""
    return f"<results>/data/{EVALUATED[scored]['dataset']}/{EVALUATED[scored]['split']}.{ending}"


def evaluation_settings(wildcards):
    """How a text is cut into windows, and what joins its documents."""
    cut = EVALUATED[wildcards.scored]
    text = TEXTS[cut["dataset"]]
    pages = {"pages": text.pages} if "unit" in cut else {}
    key = "tune" if wildcards.scored == "validation" else "evaluation"
    return cut | {"join": text.join, "key": key} | pages
