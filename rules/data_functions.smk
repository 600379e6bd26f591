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
    """Where a task of lm-eval and its data are, and how many documents of it are scored."""
    found = {"task": task} | vars(TASKS[task])
    return {key: value for key, value in found.items() if value or key in ("folder", "revision")}


@cache
def content_of_task(task):
    """The SHA-256 of the file of a local task and of its data."""
    path = Path(TASKS[task].path)
    paths = [path, task_files.read_task_file(path).data]
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
