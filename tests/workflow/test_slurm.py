"""The small matrix on a Slurm cluster that loses a job, a node and memory."""

import re
import shutil

import pytest

from support import slurm_cluster as slurm

pytestmark = pytest.mark.slow


@pytest.fixture
def cluster():
    if reason := slurm.missing():
        pytest.skip(f"no Slurm cluster can be started: {reason}")
    with slurm.Cluster() as started:
        yield started


@pytest.fixture
def unfinished(project):
    """The finished matrix without its windows, cells and numbers, in the store neither."""
    for stage in ("calibration", "evaluation", "pruned", "perplexity", "zero_shot", "store"):
        shutil.rmtree(project.folder / "results" / stage)
    return project


def test_every_cell_arrives_whatever_the_cluster_loses(unfinished, cluster):
    first = slurm.told(slurm.run_and_disturb(unfinished, cluster))
    said = (unfinished.folder / "out").read_text()
    assert "exceeded memory limit" in cluster.logs().lower(), cluster.logs()[-4000:]
    assert said.count("Error in rule evaluate_perplexity") == 1, said[-4000:]
    assert "drain" in slurm.run("sinfo", "-hN", "-n", "n2", "-o", "%T")
    ended = map(slurm.told, cluster.jobs("prune_cell", "completed"))
    again = [job for job in ended if job["Comment"] == first["Comment"]]
    assert first["JobState"] == "CANCELLED" and [job["NodeList"] for job in again] == ["n1"]
    # Of this model's size the memory of its logits is all that shows.
    assert [job["MinMemoryNode"] for job in (first, *again)] == ["2000M", "4000M"]
    zero_shot = slurm.told(cluster.jobs("evaluate_zero_shot", "completed")[0])
    assert zero_shot["MinMemoryNode"] == "2215M"
    for log in (unfinished.folder / "results/logs/prune_cell").rglob("*.log"):
        assert re.search(r"GPU [01]$", log.read_text(), re.MULTILINE), log.read_text()
    for stage in ("perplexity", "zero_shot"):
        assert len(list(unfinished.folder.glob(f"results/{stage}/tiny/**/*.json"))) == 5
    assert unfinished.planned() == {}
