"""Settings of texts, and what of them is known before they are read."""

TEXT_CHECKSUMS = resolved("<results>/data/checksums.json")


@cache
def content_of(dataset, split):
    """The name of what holds a split of a local text, and the SHA-256 of its files together."""
    place = TEXTS[dataset].files[split]
    folder, found = text_files.text_files(place)
    return {"name": Path(place).name, "sha256": together(checksums(found, TEXT_CHECKSUMS, folder))}


def calibration_settings(wildcards):
    """How the calibration windows of a seed are drawn, and from what."""
    drawn = {key: CONFIG["calibration"][key] for key in ("samples", "length", "draw")}
    return {"weights": WEIGHTS, **drawn, "seed": int(wildcards.seed)}


def evaluation_settings(wildcards):
    """How the text of a split is cut into windows, and what joins its documents."""
    cut = EVALUATED[wildcards.split]
    return cut | {"split": wildcards.split, "join": TEXTS[cut["dataset"]].join}
