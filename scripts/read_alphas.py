"""Read published alphas, which an allocation uses in place of a measurement of the weights."""

from pathlib import Path

from heavytail.allocation.published import read_alphas
from heavytail.config.model_folder import read_settings
from heavytail.io.files import sha256, write_json
from heavytail.metrics.table import write_rows
from heavytail.models.architecture import matrices_of
from heavytail.projections import key_of
from heavytail.running.jobs import logged


def write_published(config: str, alphas: str, order: list[str], outputs: dict[str, str]) -> None:
    """Write the file that stands for the model, and the table of its only metric, alpha_peak.

    Args:
        config: the model's config.json.
        alphas: the .npy file.
        order: the projections of a block in the order of the file.
        outputs: "model", which gets the shapes of all matrices and the SHA-256 of the files that
            were read, and "metrics".
    """
    shapes = matrices_of(Path(config).parent, read_settings(Path(config)))
    found = read_alphas(alphas, order, list(shapes))
    write_rows(outputs["metrics"], [(*matrix, "alpha_peak", a) for matrix, a in found.items()])
    record = {
        "files": {Path(path).name: sha256(path) for path in (config, alphas)},
        "shapes": {key_of(*matrix): shape for matrix, shape in shapes.items()},
    }
    write_json(outputs["model"], record)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_published(
            snakemake.input.config,
            snakemake.input.alphas,
            snakemake.params.settings["order"],
            dict(snakemake.output),
        )
