"""How long the default matrix takes on a throw-away Slurm cluster of two nodes on this machine.

PYTHONPATH=tests:scripts ./run python benchmarks/cluster.py      # as root, with Debian's packages
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import slurm
from project import ENVIRONMENT, copy_parts

PROFILE = "profiles/slurm/profile.v9+.yaml"
# Two nodes that share a machine need not wait as long for each other's word as a real cluster.
OPTIONS = ("--max-threads", "2", "--seconds-between-status-checks", "2")


def main() -> None:
    """Run it and print the time; the folder is the cluster's, which every node can enter."""
    if reason := slurm.missing():
        sys.exit(f"no Slurm cluster can be started: {reason}")
    with slurm.Cluster() as cluster, tempfile.TemporaryDirectory(dir=cluster.folder) as name:
        folder = Path(name) / "project"
        copy_parts(folder, "resources/standin")
        profile = (folder / PROFILE).read_text()
        (folder / PROFILE).write_text(profile.replace("status-checks: 20", "status-checks: 2"))
        command = [sys.executable, "-m", "snakemake", "--workflow-profile", "profiles/slurm"]
        start = time.monotonic()
        subprocess.run([*command, *OPTIONS], cwd=folder, env=ENVIRONMENT, check=True)
        seconds = time.monotonic() - start
        cells = len(list((folder / "results/perplexity").rglob("*.json")))
    print(f"{cells} perplexities in {seconds / 60:.1f} min")


if __name__ == "__main__":
    main()
