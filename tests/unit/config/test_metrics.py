import csv
import json
from importlib import import_module

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from heavytail.config import metrics as metric_names
from heavytail.metrics.table import SOURCES, write_metrics
from heavytail.spectra.spectrum import Spectrum

SPECTRUM = Spectrum(4, 4, *(np.array([0.1, 1.0, 2.0, 7.0]) for _ in range(5)))


@pytest.mark.parametrize("family", metric_names.FAMILIES)
def test_every_family_gives_exactly_the_metrics_that_it_names(family):
    found = import_module(f"heavytail.metrics.{family}").compute(SPECTRUM)
    assert set(found) == set(metric_names.FAMILIES[family])
    assert all(type(value) is float for value in found.values())


def test_every_metric_has_a_direction_and_reads_what_is_measured():
    assert {metric.direction for metric in metric_names.METRICS.values()} == {1, -1}
    assert set(metric_names.measures_of(*metric_names.FAMILIES)) == set(SOURCES.values())
    assert metric_names.measures_of("tails", "tiles") == ["spectra", "submatrix_spectra"]


def test_the_table_has_every_matrix_and_round_trips(tmp_path):
    shapes = {"0.q_proj": [4, 6], "10.q_proj": [4, 6], "2.v_proj": [6, 4]}
    generator = torch.Generator().manual_seed(0)
    values = {
        key: torch.rand(4, dtype=torch.float64, generator=generator).sort().values for key in shapes
    }
    paths = {name: str(tmp_path / f"{name}.safetensors") for name in SOURCES.values()}
    for path in paths.values():
        save_file(values, path, metadata={"shapes": json.dumps(shapes)})
    write_metrics(paths, ["shape", "randomised", "tiles"], tmp_path / "metrics.csv")
    with open(tmp_path / "metrics.csv", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [(row["block"], row["projection"]) for row in rows[:: len(rows) // 3]] == [
        ("0", "q_proj"),
        ("10", "q_proj"),
        ("2", "v_proj"),
    ]
    by_name = {row["metric"]: float(row["value"]) for row in rows if row["block"] == "10"}
    own = values["10.q_proj"]
    assert by_name["stable_rank"] == (own.sum() / own[-1]).item()
    assert by_name["rand_distance"] == 0
