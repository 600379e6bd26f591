"""Several protocols in one matrix, whether artifacts stay or not."""

import pandas as pd
import pytest

from heavytail.io.files import read_json
from support.project import CONFIG

pytestmark = pytest.mark.slow
NAME = "python-test-32-stride-16-first-8"
MORE = [CONFIG["evaluation"], CONFIG["evaluation"] | {"stride": 16}]


@pytest.mark.parametrize("artifacts", ["keep", "temporary"])
def test_another_protocol_is_a_column_more_and_nothing_else(artifacts, project):
    project.configure(artifacts=artifacts)
    project.run()
    before = pd.read_csv(project.folder / "results/tables/cells.csv")
    project.configure(artifacts=artifacts, evaluation=MORE)
    assert not {"prune_cell", "freeze_calibration"} & set(project.planned())
    project.run()
    assert project.planned() == {}
    after = pd.read_csv(project.folder / "results/tables/cells.csv")
    pd.testing.assert_frame_equal(after.drop(columns=f"perplexity:{NAME}"), before)
    assert (after[f"perplexity:{NAME}"] != after["perplexity"]).all()
    folder = project.folder / f"results/protocols/{NAME}/tiny"
    assert len(list(folder.rglob("*.json"))) == len(after)
    record = read_json(folder / "dense.json")
    assert record["stride"] == "16" and record["perplexity"] == after[f"perplexity:{NAME}"][0]
