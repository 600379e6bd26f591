"""Measure the perplexity of the dense model or of one cell."""

import math
from pathlib import Path

import torch
from safetensors import safe_open

from heavytail import device, perplexity
from heavytail.artifact import read_artifact
from heavytail.files import read_json, write_json
from heavytail.jobs import logged, versions
from heavytail.streaming import StreamedModel
from heavytail.wholeness import require_whole


def evaluate_perplexity(model: str, artifact: str | None, tokens: str, output: str) -> None:
    """Write the record: the value, how it was got, and the loss of every window."""
    pruned = read_artifact(artifact) if artifact else None
    streamed = StreamedModel(Path(model).parent, device.pick(), pruned)
    with safe_open(tokens, framework="pt") as frozen:
        windows, text = frozen.get_tensor("input_ids"), dict(sorted(frozen.metadata().items()))
    losses = perplexity.negative_log_likelihoods(streamed, windows)
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
    with logged(snakemake.log[0]):
        require_whole(snakemake.input)
        torch.set_num_threads(snakemake.threads)
        evaluate_perplexity(
            snakemake.input.model,
            snakemake.input.get("artifact"),
            snakemake.input.tokens,
            snakemake.output.record,
        )
