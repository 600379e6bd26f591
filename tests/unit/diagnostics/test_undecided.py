"""How many matrices of a model have an undecided peak."""

import json

import numpy as np
from safetensors.numpy import save_file

from write_reference_diagnostics import undecided


def test_matrices_with_several_fullest_bins_are_counted(tmp_path):
    apart = np.geomspace(1, 100, 40)  # one in each of forty bins
    spectra = {"0.q_proj": apart, "0.k_proj": np.sort([*apart, 50.0, 50.0, 50.0])}
    spectra["0.v_proj"] = np.full(5, 2.0)  # no tail
    shapes = {key: [len(values), len(values)] for key, values in spectra.items()}
    file = tmp_path / "spectra.safetensors"
    save_file(spectra, file, {"shapes": json.dumps(shapes)})
    assert undecided(str(file)) == (1, 3)
