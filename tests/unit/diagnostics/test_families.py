"""The pages about one model, from its weights on, whatever its family."""

import json
from pathlib import Path

import pandas as pd
import pytest
from safetensors.torch import save_file

from heavytail.config.families import FAMILIES
from heavytail.config.metrics import FAMILIES as METRIC_FAMILIES
from heavytail.config.metrics import METRICS
from heavytail.diagnostics.hessians import measure_hessian
from heavytail.metrics.table import SOURCES, write_metrics
from heavytail.models.checkpoint import Checkpoint
from heavytail.models.layout import stages
from heavytail.spectra.measure import measure_spectra
from support.project import ROOT
from support.pruned_cells import windows
from support.tiny_model import save_model
from write_hessian import write_hessian
from write_low_rank import write_low_rank
from write_reference_diagnostics import write_reference_diagnostics

BLOCKS, HEADS = 2, 4


@pytest.fixture(params=FAMILIES)
def provenance(request, tmp_path) -> Path:
    folder = save_model(tmp_path / "model", request.param, num_hidden_layers=BLOCKS)
    (folder / "provenance.json").write_text(json.dumps({"source": "tiny", "revision": None}))
    return folder / "provenance.json"


def measured(provenance: Path, measure: str) -> Path:
    path = provenance.parents[1] / f"{measure}.safetensors"
    measure_spectra(str(provenance), None, measure, "code", str(path))
    return path


def test_every_page_is_written(provenance, tmp_path):
    slices = Checkpoint(provenance.parent).slices[0]
    spectra = {measure: measured(provenance, measure) for measure in SOURCES.values()}
    products, metrics = measured(provenance, "product_spectra"), tmp_path / "metrics.csv"
    write_metrics(spectra, list(METRIC_FAMILIES), metrics)
    assert len(pd.read_csv(metrics)) == BLOCKS * len(slices) * len(METRICS)

    pages = {"values": tmp_path / "reference.csv", "table": tmp_path / "reference.md"}
    printed = ROOT / "resources/reference/results.csv"
    inputs = {"spectra": spectra["spectra"], "products": products, "metrics": metrics}
    write_reference_diagnostics("tiny", inputs | {"reference": printed}, pages)
    found = pd.read_csv(pages["values"]).set_index("quantity")
    assert set(found.loc["matrix_variance", "of"]) == set(slices)
    assert set(found.loc["mp_error", "of"]) == {"q_proj", "gate_proj"} & set(slices)
    assert found["value"].notna().all()
    assert "Beside the reference results" in pages["table"].read_text()

    ranks = {"values": tmp_path / "low_rank.csv", "table": tmp_path / "low_rank.md"}
    write_low_rank("tiny", products, ranks)
    heads = pd.read_csv(ranks["values"])
    assert len(heads) == BLOCKS * 2 * HEADS and heads.notna().all(axis=None)

    tokens, record = tmp_path / "tokens", tmp_path / "hessian.json"
    save_file({"input_ids": windows(2, 20)}, tokens)
    measure_hessian(str(provenance), tokens, {"eigenvalues": 2, "windows": 2}, record)
    write_hessian("tiny", record, tmp_path / "hessian.md")
    page = (tmp_path / "hessian.md").read_text()
    for sharing in stages(slices):
        assert f"{BLOCKS - 1}, {', '.join(sharing)} " in page
