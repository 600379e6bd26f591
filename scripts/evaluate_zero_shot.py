"""Measure the zero-shot accuracy of the dense model or of one cell."""

from pathlib import Path

import torch
from transformers import AutoTokenizer

from heavytail.evaluation import zero_shot
from heavytail.io.computed import versions
from heavytail.io.files import read_json, write_json
from heavytail.models import device
from heavytail.models.loading import load_model
from heavytail.pruning.artifact import Artifact
from heavytail.pruning.origin import artifact_file
from heavytail.running.jobs import logged
from heavytail.running.wholeness import require_whole

BATCH = 32


def evaluate_zero_shot(
    model: str, artifact: str | None, task_files: list[str], settings: dict, output: str
) -> None:
    """Write the record: accuracy per task, their mean, and lm-eval's own results object.

    Args:
        model: provenance.json in the model's folder.
        artifact: of a pruned cell, None for the dense model.
        task_files: the tasks' YAML files, all in one folder.
        settings: "tasks" (their names) and "bos" (a key of zero_shot.ADD_BOS_TOKEN).
        output: JSON.
    """
    folder = Path(model).parent
    pruned = Artifact(artifact) if artifact else None
    loaded = load_model(folder, device.pick(), pruned)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    tasks, include_path = settings["tasks"], str(Path(task_files[0]).parent)
    results = zero_shot.evaluate(loaded, tokenizer, tasks, include_path, BATCH, settings["bos"])
    record = {
        **zero_shot.summary(results),
        "bos": settings["bos"],
        "model": {key: read_json(model)[key] for key in ("source", "revision")},
        "realised_sparsity": pruned.realised_sparsity if pruned else 0.0,
        "device": loaded.device.type,
        "dtype": str(loaded.dtype),
        "versions": versions("torch", "transformers", "lm_eval"),
        "results": results,
    }
    write_json(output, record)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        require_whole(snakemake.input)
        torch.set_num_threads(snakemake.threads)
        evaluate_zero_shot(
            snakemake.input.model,
            artifact_file(snakemake.input.get("origin")),
            snakemake.input.tasks,
            snakemake.params.settings,
            snakemake.output.record,
        )
