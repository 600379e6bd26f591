"""Input functions and digests of spectra."""


def model_of(wildcards):
    """The file that stands for the model that is measured, or whose cell is."""
    return MODEL.format(model=wildcards.measured.partition("/")[0])


def files_of(wildcards):
    """The files of that model, if they are stored as a folder."""
    return FILES.format(model=wildcards.measured.partition("/")[0])


def spectra_digest(wildcards):
    """A digest that changes if the code that measures these spectra changes in meaning."""
    model = wildcards.measured.partition("/")[0]
    measure = f"heavytail.spectra.measures.{wildcards.measure}"
    return digest_for(model, "measure_spectra", measure)
