"""Input functions of metrics."""


def spectra_of(measured, *families):
    """Name of a measure → its file, for every measure that these families of metrics read."""
    names = metric_names.measures_of(*families)
    return {name: f"<results>/{name}/{measured}.safetensors" for name in names}
