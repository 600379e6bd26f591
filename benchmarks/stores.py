"""The default matrix without a shared disk; prints README.md's table.

PYTHONPATH=tests ./run python benchmarks/stores.py [fs] [s3] [slurm]   # half an hour, slurm as root
"""

import resource
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from storage import through

from support import bucket_server, slurm_cluster
from support.project import ENVIRONMENT, SNAKEMAKE, copy_parts
from support.storage import tables

# On the cluster one core more stays for the server and for Snakemake itself.
ONE_THREAD = ("--set-threads", "prune_cell=1", "evaluate_perplexity=1", "evaluate_zero_shot=1")


def run(name: str, folder: Path, store: Path, server: bucket_server.Server) -> None:
    """Run the default matrix in a folder, through a store; ends with its results in `store`."""
    command, arguments = SNAKEMAKE, ("--workflow-profile", "profiles/default")
    environment = ENVIRONMENT | server.environment
    with ExitStack() as started:
        if name == "fs":
            arguments += through("fs", str(store))
        elif name != "one disk":
            arguments = through("s3", f"s3://{bucket_server.BUCKET}")
        if name == "slurm":
            nodes = started.enter_context(slurm_cluster.Cluster(apart=folder))
            command = (*slurm_cluster.SNAKEMAKE, *slurm_cluster.HERE, *ONE_THREAD)
            arguments += ("--slurm-logdir", str(nodes.folder / "logs"))
            environment["HEAVYTAIL_NODE_CACHE"] = str(folder / "cache")
        subprocess.run(
            [*command, *arguments], cwd=folder, env=environment, check=True, capture_output=True
        )
    if name in ("s3", "slurm"):
        server.download(store)


def main(names: list[str]) -> None:
    """Run on one disk and in each store, and print the table."""
    print("| store | wall, s | CPU, s | requests | tables |\n|:--|--:|--:|--:|:--|")
    expected = None
    for name in ["one disk", *names]:
        with tempfile.TemporaryDirectory() as parent, bucket_server.serving() as server:
            folder, store = Path(parent, "run"), Path(parent, "store")
            copy_parts(folder, "resources/standin")
            began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            run(name, folder, store, server)
            took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
            made = tables(folder if name == "one disk" else store)
            expected = expected or made
            differ = [table for table in expected if made.get(table) != expected[table]]
            told = f"differ: {', '.join(differ)}" if differ else f"{len(made)} equal"
            cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
            print(
                f"| {name} | {took:.0f} | {cpu:.0f} | {len(server.requests)} | {told} |", flush=True
            )


if __name__ == "__main__":
    main(sys.argv[1:] or ["fs", "s3"])
