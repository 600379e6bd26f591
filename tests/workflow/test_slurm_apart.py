"""A matrix on two nodes of Slurm that share nothing but the network to an S3 server."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import bucket_server
from support import slurm_cluster as slurm
from support.bucket_server import BUCKET
from support.project import ENVIRONMENT, Project
from support.storage import record

pytestmark = pytest.mark.slow

THROUGH = (
    *("--default-storage-provider", "s3", "--default-storage-prefix", f"s3://{BUCKET}"),
    *("--shared-fs-usage", "none", "--set-threads", "prune_cell=1"),
    # What one node prunes another evaluates: Slurm would fill the first one.
    *("--set-resources", "prune_cell:slurm_extra='--nodelist=n2'"),
    "evaluate_perplexity:slurm_extra='--nodelist=n1'",
)
CELL = "results/perplexity/tiny/wanda/0.6/uniform/seed-0.json"


@pytest.fixture
def server() -> Iterator[bucket_server.Server]:
    with bucket_server.serving() as server:
        yield server


@pytest.fixture
def nodes(fresh) -> Iterator[slurm.Cluster]:
    """Two nodes with clones of the workflow at the same place, and without the model."""
    if reason := slurm.missing():
        pytest.skip(f"no Slurm cluster can be started: {reason}")
    fresh.edit(slurm.PROFILE, "status-checks: 20", "status-checks: 2")
    with slurm.Cluster(apart=fresh.folder) as started:
        for node in ("n1", "n2"):
            shutil.rmtree(started.on_node(node) / "tiny")
        yield started


def left(folder: Path) -> set[str]:
    """What jobs left of a store's files on the disk of a node: the kinds of results."""
    found = folder.glob(".snakemake/storage/*/s3/matrix/results/*/**/*")
    return {path.relative_to(folder).parts[6] for path in found if path.is_file()}


def killed_once(project: Project, cluster: slurm.Cluster, *arguments: str, **environment) -> str:
    """Run to the end on a cluster that kills the first pruning; what Snakemake said."""
    command = [*slurm.SNAKEMAKE, *slurm.HERE, *arguments]
    with (
        open(project.folder / "out", "w") as out,
        subprocess.Popen(
            command,
            cwd=project.folder,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=ENVIRONMENT | environment,
        ) as process,
    ):
        try:
            slurm.run("scancel", cluster.wait(lambda: cluster.jobs("prune_cell", "running"))[0])
            process.wait(400)
        finally:
            process.kill()
    return (project.folder / "out").read_text()


def test_nodes_that_share_nothing_but_a_store_make_the_same_cell(
    finished, fresh, nodes, server, tmp_path
):
    logs = "--slurm-logdir", str(nodes.folder / "logs")
    # A place that is on the disk of each machine.
    own = {"HEAVYTAIL_NODE_CACHE": str(fresh.folder / "cache")}
    said = killed_once(fresh, nodes, *THROUGH, *logs, "--", CELL, **server.environment, **own)
    assert "(100%) done" in said and "Trying to restart job" in said, said[-6000:]
    server.objects().download_file(CELL, str(tmp_path / "record"))
    assert record(tmp_path / "record") == record(finished.folder / CELL)
    disks = [nodes.on_node(node) for node in ("n1", "n2")]
    for disk in disks:
        # What jobs had of the store is deleted; logs and benchmarks of their own stay.
        assert left(disk) == {"logs", "benchmarks"}
        assert not (disk / "results").exists() or not list((disk / "results").rglob("*.json"))
    # The weights travelled to each machine once.
    weights = f"GET /{BUCKET}/results/weights/tiny/model.safetensors"
    caches = [disk / "cache" for disk in (fresh.folder, *disks) if (disk / "cache").exists()]
    assert server.requests.count(weights) == len(caches) > 0
