"""Minutes of the default matrix on a throw-away Slurm cluster that loses a job, memory and a node.

PYTHONPATH=tests:scripts ./run python benchmarks/cluster.py      # as root, with Debian's packages
"""

import sys
import tempfile
import time
from pathlib import Path

from support import slurm_cluster as slurm
from support.project import Project, copy_parts

SECONDS = 3600


def main() -> None:
    """Run it and print the time; the folder is the cluster's, which every node can enter."""
    if reason := slurm.missing():
        sys.exit(f"no Slurm cluster can be started: {reason}")
    with slurm.Cluster() as cluster, tempfile.TemporaryDirectory(dir=cluster.folder) as name:
        project = Project(Path(name) / "project")
        copy_parts(project.folder, "resources/standin")
        start = time.monotonic()
        killed = slurm.run_and_disturb(project, cluster, SECONDS)
        minutes = (time.monotonic() - start) / 60
        cells = len(list((project.folder / "results/perplexity").rglob("*.json")))
        again = project.planned()
        short = cluster.logs().lower().count("exceeded memory limit")
    print(
        f"{cells} perplexities in {minutes:.1f} min; job {killed} killed, {short} short of memory, "
        f"node n2 drained; left to do: {again or 'nothing'}"
    )


if __name__ == "__main__":
    main()
