"""Plans through storage providers, beside one disk; prints README.md's table.

PYTHONPATH=tests ./run python benchmarks/storage.py [cells]        # 2000 by default; ten minutes
"""

import os
import re
import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from scale import ours, snakemake

from support import bucket_server

REPEATS = 3
# A dry run that notes every job as done, without checksums of its inputs: there are none of files
# that lie elsewhere.
RECORD = (
    "-c",
    "import asyncio; from snakemake import cli; from snakemake.executors.dryrun import Executor;"
    "from snakemake.io import _IOFile; _IOFile.checksum = lambda *_, **__: asyncio.sleep(0);"
    "done = Executor.run_job; Executor.run_job = lambda self, job: ("
    "self.workflow.async_run(self.workflow.persistence.finished(job)), done(self, job));"
    "cli.main()",
)
FILES = re.compile(r"^    (?:output|log|benchmark): (.*)$", re.MULTILINE)


def through(provider: str, prefix: str) -> tuple[str, ...]:
    """Arguments of Snakemake, with which no folder is shared but this store."""
    store = ("--default-storage-provider", provider, "--default-storage-prefix", prefix)
    return (*store, "--shared-fs-usage", "none")


def files(plan: str) -> list[str]:
    """The files that the jobs of a plan leave, in its order, below the prefix of their store."""
    named = (name.split(" ")[0] for line in FILES.findall(plan) for name in line.split(", "))
    return [name[name.index("results/") :] for name in named]


def measured(folder: Path, arguments: tuple[str, ...]) -> tuple[float, str]:
    """User CPU seconds of the fastest of some plans, and what the last said."""
    seconds, said = [], ""
    for _ in range(REPEATS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        _, said = snakemake(folder, "--dry-run", *arguments)
        seconds.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    return min(seconds), said


def touch(folder: Path) -> Callable[[str], None]:
    """What leaves an empty file of this name in a folder."""

    def leave(name: str) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()

    return leave


def main(cells: int) -> None:
    """Measure a plan from nothing and one that finds nothing to do in each store."""
    print("| cells | store | plan | CPU, s | of one disk | requests |\n|--:|:--|:--|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as parent, bucket_server.serving() as server:
        os.environ |= server.environment
        bucket = server.objects()
        stores = {
            "one disk": ((), touch(Path(parent, "one-disk"))),
            "fs": (through("fs", f"{parent}/store"), touch(Path(parent, "store"))),
            "s3": (
                through("s3", f"s3://{bucket_server.BUCKET}"),
                lambda name: bucket.put_object(Key=name, Body=b""),
            ),
        }
        least: dict[str, float] = {}
        for store, (arguments, leave) in stores.items():
            folder = Path(parent) / store.replace(" ", "-")
            ours(folder, cells)
            for kind in ("from nothing", "nothing to do"):
                server.requests.clear()
                took, said = measured(folder, arguments)
                asked = len(server.requests) // REPEATS
                row = f"{took:.1f} | {took / least.setdefault(kind, took):.2f} | {asked}"
                print(f"| {cells} | {store} | {kind} | {row} |", flush=True)
                if kind == "from nothing":
                    bucket.create()
                    for name in files(said):
                        leave(name)
                    snakemake(folder, "--dry-run", "--forceall", *arguments, start=RECORD)
            assert "Nothing to be done" in said and "missing prov" not in said, said[-3000:]


if __name__ == "__main__":
    main(*[int(cells) for cells in sys.argv[1:2]] or [2000])
