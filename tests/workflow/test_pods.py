"""Jobs that begin in an empty folder, with the sources of the workflow and an S3 server alone."""

import subprocess

import pytest

from support import bucket_server
from support.project import ROOT
from support.storage import record

pytestmark = pytest.mark.slow
PLUGINS = ROOT / "tests/support/plugins"
CELL = "results/perplexity/tiny/wanda/0.6/uniform/seed-0.json"
THROUGH = (
    *("--executor", "pods", "--jobs", "2", "--seconds-between-status-checks", "1"),
    *("--default-storage-provider", "s3", "--shared-fs-usage", "none"),
    *("--default-storage-prefix", f"s3://{bucket_server.BUCKET}"),
)


@pytest.fixture
def cloned(fresh):
    """The workflow as a git repository, which does not hold the model."""
    (fresh.folder / ".gitignore").write_text("tiny\n")
    author = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    for words in (("init", "-q"), ("add", "."), (*author, "commit", "-qm", "sources")):
        subprocess.run(("git", *words), cwd=fresh.folder, check=True)
    return fresh


def test_a_job_of_a_cloud_needs_its_sources_and_the_store_alone(cloned, finished, tmp_path):
    pods = tmp_path / "pods"
    pods.mkdir()
    with bucket_server.serving() as server:
        own = {"PODS": str(pods), "PYTHONPATH": str(PLUGINS), **server.environment}
        run = cloned.snakemake(*THROUGH, "--", CELL, **own)
        logs = "".join(log.read_text() for log in pods.glob("*.log"))
        assert run.returncode == 0, run.stdout + logs
        server.objects().download_file(CELL, str(tmp_path / "record"))
    assert record(tmp_path / "record") == record(finished.folder / CELL)
    folders = [path for path in pods.iterdir() if path.is_dir()]
    rules = {folder.name.rpartition("-")[0] for folder in folders}
    assert rules == {"freeze_calibration", "freeze_evaluation", "prune_cell", "evaluate_perplexity"}
    for folder in folders:
        # What the job had of the store is deleted.
        stored = folder / ".snakemake/storage/s3" / bucket_server.BUCKET / "results"
        left = {path.relative_to(stored).parts[0] for path in stored.rglob("*") if path.is_file()}
        assert left == {"logs", "benchmarks"}
        assert not (folder / "tiny").exists() and not (folder / "results").exists()
    secrets = (bucket_server.KEY, bucket_server.SECRET)
    assert not any(secret in run.stdout + logs for secret in secrets)
