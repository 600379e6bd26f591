"""Put a model's folder into the results, and record its files."""

from pathlib import Path

from heavytail.config.entries import Model
from heavytail.io.files import write_json
from heavytail.models import provenance
from heavytail.running.jobs import logged


def fetch_model(entry: Model, output: str, weights: str | None = None) -> None:
    """Link or download a model into the folder `weights`, or beside `output`: its provenance."""
    folder = Path(weights or Path(output).parent)
    if "path" in entry:
        source = Path(entry["path"])
        provenance.link_folder(source, folder)
        record = provenance.record(folder, source.name, None)
    else:
        provenance.download(entry["hub"], entry["revision"], folder)
        record = provenance.record(folder, entry["hub"], entry["revision"])
    write_json(output, record)


if __name__ == "__main__":
    with logged(snakemake.log[0], fetches=True):
        fetch_model(
            snakemake.params.settings, snakemake.output.provenance, snakemake.output.get("weights")
        )
