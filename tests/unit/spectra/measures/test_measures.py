import shutil
import subprocess
import sys
from unittest.mock import patch

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from heavytail.config.families import FAMILIES
from heavytail.models.checkpoint import Checkpoint
from heavytail.projections import PROJECTIONS
from heavytail.spectra import windows
from heavytail.spectra.block_weights import BlockWeights
from heavytail.spectra.measures import (
    product_spectra,
    shuffled_spectra,
    spectra,
    submatrix_spectra,
    window_spectra_10,
    window_spectra_15,
)
from support.killed import ENVIRONMENT, kill_after
from support.tiny_model import save_model

CPU = torch.device("cpu")


@pytest.fixture
def block(model_folder) -> BlockWeights:
    return BlockWeights(Checkpoint(model_folder), 1, CPU)


def squared_singular_values(matrix: torch.Tensor) -> torch.Tensor:
    return torch.linalg.svdvals(matrix.double()).square().sort().values


def close(found: torch.Tensor, expected: torch.Tensor) -> bool:
    """Squaring loses digits relative to the largest eigenvalue only."""
    return torch.allclose(found, expected, rtol=1e-9, atol=1e-12 * expected.max().item())


@pytest.mark.parametrize("batch_bytes", [1, 8 * 32 * 32 * 2, 2**26])
def test_spectra_are_those_of_single_matrices_however_they_are_batched(
    block, batch_bytes, monkeypatch
):
    monkeypatch.setattr(spectra, "BATCH_BYTES", batch_bytes)
    found = spectra.measure(block)
    assert set(found) == set(PROJECTIONS)
    for projection, values in found.items():
        assert close(values, squared_singular_values(block.weight(projection)))


def test_a_pruned_block_is_measured_pruned(model_folder):
    checkpoint = Checkpoint(model_folder)
    dense = BlockWeights(checkpoint, 0, CPU)

    class EverySecondColumn:
        def apply(self, _block, _projection, weight):
            weight = weight.clone()
            weight[:, ::2] = 0
            return weight

    found = spectra.measure(BlockWeights(checkpoint, 0, CPU, EverySecondColumn()))
    weight = dense.weight("q_proj")
    weight[:, ::2] = 0
    assert close(found["q_proj"], squared_singular_values(weight))


def test_shuffling_keeps_the_entries_and_repeats_with_its_seed():
    weight = torch.randn(40, 30, generator=torch.Generator().manual_seed(0)).bfloat16()
    first, again = (shuffled_spectra.shuffled(weight, 3) for _ in range(2))
    assert first.dtype == weight.dtype and torch.equal(first, again)
    assert not torch.equal(first, weight)
    assert not torch.equal(first, shuffled_spectra.shuffled(weight, 4))
    assert torch.equal(first.flatten().sort().values, weight.flatten().sort().values)


def test_shuffled_spectra_differ_between_matrices_and_keep_the_norm(block):
    plain, found = spectra.measure(block), shuffled_spectra.measure(block)
    for projection in PROJECTIONS:
        assert found[projection].sum() == pytest.approx(plain[projection].sum().item())
        assert not torch.allclose(found[projection], plain[projection])


@pytest.mark.parametrize(("shape", "tiles"), [((8, 8), 4), ((9, 24), 12), ((1, 5), 5)])
def test_submatrices_tile_the_matrix(shape, tiles):
    weight = torch.arange(float(np.prod(shape))).reshape(shape)
    side = max(1, min(shape) // 2)
    naive = [
        weight[row : row + side, column : column + side]
        for row in range(0, shape[0] - side + 1, side)
        for column in range(0, shape[1] - side + 1, side)
    ]
    assert len(naive) == tiles
    expected = torch.cat([squared_singular_values(tile) for tile in naive]).sort().values
    assert close(submatrix_spectra.pooled(weight), expected)


@pytest.mark.parametrize(
    ("length", "side", "expected"),
    [
        # Steps of ⌊2096/9⌋ = 232 for LLaMA-7B; the last window ends 8 rows before the matrix.
        (4096, 2000, range(0, 10 * 232, 232)),
        (2003, 2000, range(4)),
        (2000, 2000, range(1)),
    ],
)
def test_windows_begin_at_equal_steps(length, side, expected):
    assert windows.starts(length, side, 10) == expected


@pytest.mark.parametrize(("shape", "count"), [((30, 61), 9), ((12, 40), 3), ((8, 8), 1)])
def test_windows_overlap_and_their_spectra_are_pooled(shape, count, monkeypatch):
    monkeypatch.setattr(windows, "SIDE", 20)
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    side = min(20, *shape)
    down, across = (max(1, (length - side) // 2) for length in shape)
    naive = [
        weight[row : row + side, column : column + side]
        for row in range(0, 3 * down, down)
        for column in range(0, 3 * across, across)
        if row + side <= shape[0] and column + side <= shape[1]
    ]
    assert len(naive) == count
    expected = torch.cat([squared_singular_values(one) for one in naive]).sort().values
    assert close(windows.pooled(weight, 3), expected)


def test_small_matrices_have_windows_too(block):
    for measure in (window_spectra_10, window_spectra_15):
        found = measure.measure(block)
        assert set(found) == set(PROJECTIONS)
        assert close(found["q_proj"], squared_singular_values(block.weight("q_proj")))
    assert len(window_spectra_15.measure(block)["down_proj"]) > len(found["q_proj"])


# Key heads of the tiny models; these families share none or one, whatever config.json says besides.
UNSHARED, SINGLE = (
    ("gpt_neox", "opt", "bloom", "mpt", "persimmon", "gpt2"),
    ("falcon", "gpt_bigcode"),
)
KEY_HEADS = dict.fromkeys(FAMILIES, 2) | dict.fromkeys(UNSHARED, 4) | dict.fromkeys(SINGLE, 1)


@pytest.mark.parametrize(("family", "shared"), [("llama", 4), ("llama", 1), *KEY_HEADS.items()])
def test_head_products_equal_the_explicit_products(tmp_path, family, shared):
    asked = {"num_key_value_heads": shared} if family == "llama" else {}
    folder, heads, width = save_model(tmp_path / "model", family, **asked), 4, 8
    block = BlockWeights(Checkpoint(folder), 0, CPU)
    found = product_spectra.measure(block)
    q, k, v, o = (block.weight(f"{letter}_proj").double() for letter in "qkvo")
    assert len(k) == shared * width
    for head in range(heads):
        own = slice(head * width, (head + 1) * width)
        lent = slice(head // (heads // shared) * width, (head // (heads // shared) + 1) * width)
        for name, a, b in (("qk_head", k[lent].T, q[own].T), ("ov_head", o[:, own], v[lent].T)):
            expected = squared_singular_values(a @ b.T)[-width:]
            assert close(found[name][head], expected)
            half = (a.square().sum() + b.square().sum()) / 2
            assert found[f"{name}.half_norms"][head] == pytest.approx(half.item())
            gap = torch.linalg.matrix_norm(a.T @ a - b.T @ b)
            assert found[f"{name}.imbalance"][head] == pytest.approx(gap.item())
    assert close(found["qk"], squared_singular_values(q @ k.T))


def test_heads_that_do_not_divide_the_projections_are_named(model_folder):
    checkpoint = Checkpoint(model_folder)
    for heads, other in ((3, {}), (32, {"k_proj": 5}), (2, {"k_proj": 24})):
        checkpoint.config["num_attention_heads"] = heads
        block = BlockWeights(checkpoint, 0, CPU)
        rows = {"q_proj": 32, "k_proj": 16} | other
        with (
            patch.object(BlockWeights, "shape", lambda _, name, rows=rows: (rows[name], 32)),
            pytest.raises(ValueError, match=f"num_attention_heads: {heads} heads do not divide"),
        ):
            block.heads()


def test_half_norms_bound_the_nuclear_norm_and_balanced_factors_reach_it(block):
    found = product_spectra.measure(block)
    for name in ("qk_head", "ov_head"):
        assert (found[name].sqrt().sum(dim=1) <= found[f"{name}.half_norms"] * (1 + 1e-12)).all()
    drawn = {"dtype": torch.float64, "generator": torch.Generator().manual_seed(0)}
    u, v = (torch.linalg.qr(torch.randn(1, 20, 4, **drawn)).Q for _ in range(2))
    strengths = torch.rand(4, **drawn)
    small = [torch.linalg.qr(factor * strengths, mode="r").R for factor in (u, v)]
    balanced = product_spectra.head_products(*small, "p")
    assert balanced["p"].sqrt().sum() == pytest.approx(balanced["p.half_norms"].item())
    assert balanced["p.imbalance"].item() == pytest.approx(0, abs=1e-12)


def edited(folder, target, change):
    """A copy of a model folder in which `change` has edited the tensors."""
    target.mkdir()
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    (target / "config.json").write_text((folder / "config.json").read_text())
    return target


Q = "model.layers.1.self_attn.q_proj.weight"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (torch.full((32, 32), float("nan")), "NaN or infinite"),
        (torch.eye(32).mul(float("inf")).nan_to_num(nan=0.0, posinf=float("inf")), "NaN or inf"),
        (torch.zeros(32, 32, dtype=torch.float8_e4m3fn), "float8.*dequantised"),
        (torch.zeros(32, 16, dtype=torch.uint8), "uint8.*dequantised"),
    ],
)
def test_what_has_no_spectrum_is_named(model_folder, tmp_path, value, message):
    folder = edited(model_folder, tmp_path / "m", lambda tensors: tensors.update({Q: value}))
    with pytest.raises(ValueError, match=f"{Q}: .*{message}"):
        spectra.measure(BlockWeights(Checkpoint(folder), 1, CPU))


def test_zero_and_one_row_matrices_have_a_spectrum(model_folder, tmp_path):
    values = {Q: torch.zeros(32, 32), Q.replace("q_proj", "k_proj"): torch.ones(1, 32)}
    folder = edited(model_folder, tmp_path / "m", lambda tensors: tensors.update(values))
    found = spectra.measure(BlockWeights(Checkpoint(folder), 1, CPU))
    assert torch.equal(found["q_proj"], torch.zeros(32, dtype=torch.float64))
    assert found["k_proj"].shape == (1,) and found["k_proj"].item() == pytest.approx(32)


@pytest.mark.slow  # starts Python twice
def test_a_job_that_is_killed_goes_on_with_the_block_it_was_at(model_folder, tmp_path):
    output, provenance = tmp_path / "out/m.safetensors", tmp_path / "model/provenance.json"
    shutil.copytree(model_folder, provenance.parent)
    provenance.write_text("{}")
    program = (
        "import logging, sys; logging.basicConfig(level=20)\n"
        "from heavytail.spectra.measure import measure_spectra\n"
        "measure_spectra(sys.argv[1], None, 'spectra', 'code', sys.argv[2])"
    )
    arguments = str(provenance), str(output)
    kill_after(1, output, program, *arguments)
    command = [sys.executable, "-c", program, *arguments]
    again = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert again.stderr.count("measured before") == 2 and "block 3 of 3" in again.stderr
    assert len(load_file(output)) == 3 * 7
    assert [path.name for path in output.parent.iterdir()] == ["m.safetensors"]
