"""Measure the perplexity of the dense model or of one cell."""

from pathlib import Path

import torch
from heavytail import device, perplexity
from heavytail.artifact import Artifact, read_artifact
from heavytail.files import write_json
from heavytail.jobs import logged, versions
from heavytail.streaming import StreamedModel
from safetensors import safe_open


def evaluate_perplexity(model: str, artifact: str | None, tokens: str, output: str) -> None:
    """Write the record: the value, how it was got, and the loss of every window."""
    pruned: Artifact | None = read_artifact(artifact) if artifact else None
    streamed = StreamedModel(Path(model).parent, device.pick(), pruned)
    with safe_open(tokens, framework="pt") as frozen:
        windows, text = frozen.get_tensor("input_ids"), frozen.metadata()
    losses = perplexity.negative_log_likelihoods(streamed, windows)
    value, reason = perplexity.perplexity(losses)
    write_json(
        output,
        {
            "perplexity": value,
            "reason": reason,
            **text,
            "windows": windows.shape[0],
            "length": windows.shape[1],
            "device": streamed.device.type,
            "dtype": str(streamed.dtype),
            "versions": versions("torch", "transformers"),
            "losses": [loss if loss == loss else None for loss in losses.tolist()],
        },
    )


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        torch.set_num_threads(snakemake.threads)
        evaluate_perplexity(
            snakemake.input.model,
            snakemake.input.get("artifact"),
            snakemake.input.tokens,
            snakemake.output.record,
        )
