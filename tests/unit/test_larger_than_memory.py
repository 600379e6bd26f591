"""A model that does not fit into memory is pruned and scored."""

import json
import os
import subprocess
import sys

import pytest
from transformers import LlamaConfig, LlamaForCausalLM

from cells import windows, write_inputs
from project import ROOT

# What follows may take half of the model's bytes beyond the libraries.
PROGRAM = """
import json, resource, sys
from pathlib import Path
import torch
from safetensors.torch import load_file
from heavytail import perplexity
from heavytail.artifact import Artifact
from heavytail.streaming import StreamedModel
from prune_cell import prune_cell

arguments, folder = json.loads(sys.argv[1]), Path(sys.argv[2])
torch.randn(64, 64) @ torch.randn(64, 64)
files = list(folder.glob("*.safetensors"))
status = Path("/proc/self/status").read_text().split("VmData:")[1]
limit = 1024 * int(status.split()[0]) + sum(path.stat().st_size for path in files) // 2
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
if arguments:
    prune_cell(*arguments)
    model = StreamedModel(folder, torch.device("cpu"), Artifact(arguments[-1][0]))
    losses = perplexity.negative_log_likelihoods(model, load_file(arguments[2])["input_ids"])
    print(perplexity.perplexity(losses)[0])
else:
    [tensor.clone() for path in files for tensor in load_file(path).values()]
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_half_of_a_model_s_memory_is_enough_to_prune_and_score_it(tmp_path):
    folder = tmp_path / "model"
    config = LlamaConfig(
        hidden_size=1024,
        intermediate_size=2816,
        num_hidden_layers=24,
        num_attention_heads=16,
        vocab_size=300,
    )
    # What a tensor is read from is mapped, and counted, as a whole.
    LlamaForCausalLM(config).bfloat16().save_pretrained(folder, max_shard_size="12MB")
    inputs = write_inputs(folder, tmp_path / "work", 0.7, windows(4, 64))
    settings = {"method": "wanda", "within_block": "exact", "of": None, "code": ""}
    outputs = [str(tmp_path / "work/cell.safetensors"), str(tmp_path / "work/cell.json")]

    def run(arguments: list) -> subprocess.CompletedProcess:
        command = [sys.executable, "-c", PROGRAM, json.dumps(arguments), str(folder)]
        environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts")}
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    done = run([*inputs, settings, 1e12, outputs])
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 1
    whole = run([])
    assert whole.returncode and "allocate memory" in whole.stderr, "the limit limits nothing"
