"""Measure the perplexity of the dense model or of one cell."""

import math
from pathlib import Path

import torch
from safetensors import safe_open

from heavytail.evaluation import perplexity
from heavytail.io.computed import versions
from heavytail.io.files import read_json, scratch, write_json
from heavytail.models import device
from heavytail.models.streaming import StreamedModel
from heavytail.pruning.artifact import Artifact
from heavytail.pruning.origin import artifact_file
from heavytail.running.jobs import logged
from heavytail.running.wholeness import require_whole

LOWER = (
    "evaluation.length, or keep hidden states on disk: "
    "--set-resources evaluate_perplexity:activations_mb=1000"
)


def evaluate_perplexity(
    model: str, artifact: str | None, tokens: str, budget: float, output: str
) -> None:
    """Write the record: the value, how it was got, and the loss of every window.

    Args:
        model: provenance.json in the model's folder.
        artifact: of a pruned cell, None for the dense model.
        tokens: frozen windows.
        budget: bytes of hidden states that stay in memory.
        output: JSON.
    """
    pruned = Artifact(artifact) if artifact else None
    streamed = StreamedModel(Path(model).parent, device.pick(), pruned)
    with safe_open(tokens, framework="pt") as frozen:
        windows, text = frozen.get_tensor("input_ids"), dict(sorted(frozen.metadata().items()))
    with scratch(output) as folder:
        losses = perplexity.negative_log_likelihoods(streamed, windows, folder, budget)
    value, reason = perplexity.perplexity(losses)
    write_json(
        output,
        {
            "perplexity": value,
            "reason": reason,
            "model": {key: read_json(model)[key] for key in ("source", "revision")},
            "realised_sparsity": pruned.realised_sparsity if pruned else 0.0,
            **text,
            "windows": windows.shape[0],
            "length": windows.shape[1],
            "device": streamed.device.type,
            "dtype": str(streamed.dtype),
            "versions": versions("torch", "transformers"),
            "losses": [loss if math.isfinite(loss) else None for loss in losses.tolist()],
        },
    )


if __name__ == "__main__":
    with logged(snakemake.log[0], LOWER):
        require_whole(snakemake.input)
        torch.set_num_threads(snakemake.threads)
        budget = 2**20 * snakemake.resources.get("activations_mb", float("inf"))
        evaluate_perplexity(
            snakemake.input.model,
            artifact_file(snakemake.input.get("origin"), budget),
            snakemake.input.tokens,
            budget,
            snakemake.output.record,
        )
