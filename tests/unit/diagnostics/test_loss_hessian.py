import math
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from heavytail.config.families import FAMILIES
from heavytail.diagnostics import loss_hessian as hessian
from support.tiny_model import save_model

CPU = torch.device("cpu")
SMALL = {
    "vocab_size": 12,
    "hidden_size": 8,
    "intermediate_size": 6,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 4,
    "num_hidden_layers": 1,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": None,
}
# Sizes of families that have other names.
OWN = {
    "opt": {"ffn_dim": 6, "word_embed_proj_dim": 8},
    "falcon": {"ffn_hidden_size": 6, "head_dim": ...},
}
# Of the small LLaMA: embedding, query, key and value, output, three of the MLP, three norms.
SMALL_SIZE = 96 + 64 + 2 * 32 + 64 + 3 * 48 + 3 * 8


def small_model(folder: Path, family: str = "llama", **shape):
    save_model(folder, family, **{**SMALL, **OWN.get(family, {}), **shape})
    return AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    )


def small_windows(count: int = 5, length: int = 7) -> torch.Tensor:
    return torch.randint(0, 12, (count, length), generator=torch.Generator().manual_seed(1))


def dense_hessian(model, windows: torch.Tensor) -> torch.Tensor:
    """The Hessian of transformers' own loss, in float64 but where LLaMA insists on float32."""
    model = model.double()
    names, parameters = zip(*model.named_parameters(), strict=True)
    sizes = [parameter.numel() for parameter in parameters]

    def loss(flat):
        parts = zip(names, parameters, flat.split(sizes), strict=True)
        values = {name: part.view_as(parameter) for name, parameter, part in parts}
        keywords = {"input_ids": windows, "labels": windows, "use_cache": False}
        return torch.func.functional_call(model, values, (), keywords).loss

    flat = torch.cat([parameter.detach().flatten() for parameter in parameters])
    return torch.autograd.functional.hessian(loss, flat, vectorize=True)


@pytest.mark.slow  # dense Hessians take seconds
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("tied", [True, False])
def test_the_product_is_that_of_the_dense_hessian(family, tied, tmp_path):
    model, windows = small_model(tmp_path, family, tie_word_embeddings=tied), small_windows()
    product, size = hessian.loss_product(model, windows, batch=2)
    assert size == sum(parameter.numel() for parameter in model.parameters())
    if family == "llama":
        assert size == SMALL_SIZE + (0 if tied else 96)
    vectors = torch.randn(3, size, generator=torch.Generator().manual_seed(2))
    found = torch.stack([product(vector) for vector in vectors])
    assert found.dtype == torch.float32
    expected = vectors.double() @ dense_hessian(model, windows)
    # Second derivatives in float32 against float64, norms and softmax float32 in both.
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()
    # The operator is symmetric: vᵢᵀ(H vⱼ) = vⱼᵀ(H vᵢ).
    both = found.double() @ vectors.double().T
    assert (both - both.T).abs().max() < 1e-5 * both.abs().max()


def test_frozen_parameters_are_left_out(tmp_path):
    model = small_model(tmp_path)
    model.get_input_embeddings().weight.requires_grad_(False)
    product, size = hessian.loss_product(model, small_windows())
    kept = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert size == kept < SMALL_SIZE + 96
    assert product(torch.ones(size)).abs().max() > 0


@pytest.mark.slow
def test_the_loss_spectrum_is_that_of_the_dense_hessian(tmp_path):
    model, windows = small_model(tmp_path), small_windows()
    found, residuals = hessian.loss_spectrum(tmp_path, windows, 20, CPU)
    expected = torch.linalg.eigvalsh(dense_hessian(model, windows)).flip(0)[:20].numpy()
    # Ritz values never exceed the eigenvalues of their rank, but for float32 rounding.
    assert (found <= expected + 1e-5 * expected[0]).all()
    # The iterations run out before the last have converged, and the residuals tell which.
    converged = residuals <= 1e-3 * found[0]
    assert 15 <= converged.sum() < 20
    np.testing.assert_allclose(found[converged], expected[converged], atol=1e-3 * expected[0])


def test_the_control_is_fresh_weights_of_its_seed(tmp_path):
    small_model(tmp_path)
    state, windows = torch.random.get_rng_state(), small_windows()
    stored, first, again, other = (
        hessian.loss_spectrum(tmp_path, windows, 3, CPU, seed)[0] for seed in (None, 0, 0, 1)
    )
    assert (first == again).all() and (first != other).all() and (first != stored).all()
    assert torch.equal(state, torch.random.get_rng_state())


def test_a_window_without_a_finite_loss_is_named(tmp_path):
    model, windows = small_model(tmp_path, tie_word_embeddings=False), small_windows()
    windows = windows.clamp(max=10)
    windows[3, 2] = 11
    model.get_input_embeddings().weight.data[11] = math.nan
    with pytest.raises(ValueError, match="window 3 is nan"):
        hessian.loss_product(model, windows, batch=2)


def test_what_does_not_fit_is_refused_before_a_weight_is_read(tmp_path):
    save_model(tmp_path, **SMALL)
    hessian.loss_spectrum(tmp_path, small_windows(), 2, CPU, room=10**6)
    for file in tmp_path.glob("*.safetensors"):
        header = 8 + int.from_bytes(file.read_bytes()[:8], "little")
        file.write_bytes(file.read_bytes()[:header])
    with pytest.raises(hessian.TooLargeError) as refusal:
        hessian.loss_spectrum(tmp_path, small_windows(), 20, CPU, room=10**5)
    message = str(refusal.value)
    for part in ("hessian.eigenvalues", "need 0.0 GB", "there are 0.0 GB", "calibration.length"):
        assert part in message
    assert "\n" not in message


def test_longer_windows_need_more_room(tmp_path):
    save_model(tmp_path, **SMALL)
    hessian.loss_spectrum(tmp_path, small_windows(length=7), 2, CPU, room=10**6)
    with pytest.raises(hessian.TooLargeError):
        hessian.loss_spectrum(tmp_path, small_windows(length=200), 2, CPU, room=10**6)


def test_no_job_has_more_room_than_its_machine(tmp_path, monkeypatch):
    save_model(tmp_path, **SMALL)
    monkeypatch.setattr("os.sysconf", {"SC_PHYS_PAGES": 10, "SC_PAGE_SIZE": 4096}.get)
    with pytest.raises(hessian.TooLargeError):
        hessian.loss_spectrum(tmp_path, small_windows(), 20, CPU)


def test_a_batch_of_windows_is_their_sum(tmp_path):
    model, windows = small_model(tmp_path), small_windows()
    one, size = hessian.loss_product(model, windows)
    several, _ = hessian.loss_product(model, windows, batch=3)
    vector = torch.randn(size, generator=torch.Generator().manual_seed(3))
    # Sums of float32 in another order.
    torch.testing.assert_close(one(vector), several(vector), rtol=1e-4, atol=1e-5)
