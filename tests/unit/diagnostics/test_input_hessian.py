import math

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, GPT2PreTrainedModel, GPTBigCodePreTrainedModel

from heavytail.config.families import FAMILIES
from heavytail.diagnostics.input_hessian import FreshModel, input_spectra
from heavytail.models.layout import family_of, stages
from heavytail.models.loading import load_model
from support.tiny_model import save_model

CPU = torch.device("cpu")


@pytest.fixture(scope="module", params=FAMILIES)
def model_folder(request, tmp_path_factory):
    """A tiny random model of every family."""
    return save_model(tmp_path_factory.mktemp("families") / request.param, request.param)


def test_input_spectra_are_those_of_the_whole_model_in_double(model_folder):
    # More windows than one batch of 2048 tokens holds.
    windows = torch.randint(0, 256, (70, 60), generator=torch.Generator().manual_seed(3))
    model, inputs = load_model(model_folder, CPU).double(), {}
    family = family_of(model.config.to_dict())
    slices = family.slices(model.config.to_dict())
    for block in range(3):
        for projection, part in slices.items():
            model.get_submodule(f"{family.blocks}.{block}.{part.module}").register_forward_pre_hook(
                lambda _m, seen, key=(block, projection): inputs.update({key: seen[0]})
            )
    with torch.no_grad():
        model(input_ids=windows)
    found = list(input_spectra(model_folder, windows, CPU))
    assert [entry[:2] for entry in found] == [(b, s) for b in range(3) for s in stages(slices)]
    for block, sharing, values in found:
        assert values.dtype == np.float64 and (np.diff(values) <= 0).all()
        for projection in sharing:
            rows = inputs[block, projection].flatten(0, -2).numpy()
            expected = np.linalg.svd(rows, compute_uv=False) ** 2
            # float32 activations of up to three blocks against float64 ones.
            np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-6 * expected[0])


def test_input_spectra_of_few_tokens_have_no_negative_values(model_folder):
    windows = torch.randint(0, 256, (1, 6), generator=torch.Generator().manual_seed(4))
    for _, _, values in input_spectra(model_folder, windows, CPU):
        assert (values >= 0).all() and values[5] > 0
        # Six tokens span six directions; what is left is float64 rounding.
        assert values[6] < 1e-13 * values[0]


def test_the_control_is_a_fresh_model_and_repeats_with_its_seed(model_folder):
    windows = torch.randint(0, 256, (4, 30), generator=torch.Generator().manual_seed(4))
    stored, first, again, other = (
        [values for *_, values in input_spectra(model_folder, windows, CPU, seed)]
        for seed in (None, 0, 0, 1)
    )
    for trained, values, same, different in zip(stored, first, again, other, strict=True):
        assert np.isfinite(values).all() and (values == same).all()
        assert not np.allclose(values, different) and not np.allclose(values, trained)


def test_fresh_weights_have_the_architecture_s_own_spread(model_folder):
    """Those that transformers gives the whole model, but for the numbers that are drawn."""
    model = FreshModel(model_folder, CPU, seed=0)
    if isinstance(model.causal, GPT2PreTrainedModel | GPTBigCodePreTrainedModel):
        pytest.skip("transformers scales some weights of these by the depth of the whole model")
    torch.manual_seed(0)
    whole = AutoModelForCausalLM.from_config(model.causal.config).get_submodule(model.prefix)
    for index, block in model.blocks():
        expected = dict(whole[index].named_parameters())
        for name, found in block.named_parameters():
            own = expected.pop(name)
            if own.std() == 0:  # norms and biases
                assert torch.equal(found, own)
            else:
                # Five standard errors of both: a normal distribution's standard deviation.
                errors = 5 / math.sqrt(own.numel())
                assert found.std().item() == pytest.approx(own.std().item(), rel=errors)
                assert found.mean().abs() < errors * own.std()
        assert not expected
