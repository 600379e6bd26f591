"""Write a pruned cell as a Hugging Face folder, with a recipe for llm-compressor."""

from pathlib import Path

import yaml

from heavytail.allocation.table import read_ratios
from heavytail.io.files import write_text
from heavytail.models.checkpoint import Checkpoint
from heavytail.pruning import export as exporting
from heavytail.pruning.artifact import Artifact
from heavytail.pruning.origin import opened
from heavytail.pruning.settings import ExportSettings
from heavytail.running.jobs import logged
from heavytail.running.wholeness import require_whole


def export_cell(
    model: str, artifact: Artifact, ratios: str, settings: ExportSettings, output: str
) -> None:
    """Write the folder.

    Args:
        model: provenance.json in the model's folder.
        artifact: that of the cell.
        ratios: CSV of block,projection,parameters,sparsity.
        settings: "modifier", the one of llm-compressor for the method, or None if it has none; and
            "group_size", M of N:M sparsity, or None.
        output: the new folder.
    """
    folder, target = Path(model).parent, Path(output)
    exporting.export(folder, artifact, target)
    if settings["modifier"]:
        table, _ = read_ratios(ratios)
        recipe = exporting.recipe(
            Checkpoint(folder), settings["modifier"], table, settings["group_size"]
        )
        write_text(target / "recipe.yaml", yaml.safe_dump(recipe, sort_keys=False))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        require_whole(snakemake.input)
        folder = snakemake.output.folder
        aside = folder if snakemake.resources.get("artifact") else None
        with opened(snakemake.input.origin, aside) as artifact:
            assert artifact, "a cell has an origin"
            ratios, settings = snakemake.input.ratios, snakemake.params.settings
            export_cell(snakemake.input.model, artifact, ratios, settings, folder)
