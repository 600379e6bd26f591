"""Plans from nothing through storage providers, beside one disk; prints README.md's table.

PYTHONPATH=tests ./run python benchmarks/storage.py [cells]        # 2000 by default; two minutes
"""

import os
import resource
import sys
import tempfile
from pathlib import Path

from scale import ours, snakemake

from support import bucket_server


def through(provider: str, prefix: str) -> tuple[str, ...]:
    """Arguments of Snakemake, with which no folder is shared but this store."""
    store = ("--default-storage-provider", provider, "--default-storage-prefix", prefix)
    return (*store, "--shared-fs-usage", "none")


def main(cells: int) -> None:
    """Measure a plan in each store, and print the table."""
    print("| cells | store | CPU, s | of one disk | requests |\n|--:|:--|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as parent, bucket_server.serving() as server:
        os.environ |= server.environment
        stores = {
            "one disk": (),
            "fs": through("fs", f"{parent}/store"),
            "s3": through("s3", f"s3://{bucket_server.BUCKET}"),
        }
        least = None
        for name, arguments in stores.items():
            folder = Path(parent) / name.replace(" ", "-")
            ours(folder, cells)
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            snakemake(folder, "--dry-run", *arguments)
            took = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
            least = least or took
            row = f"{took:.1f} | {took / least:.2f} | {len(server.requests)}"
            print(f"| {cells} | {name} | {row} |", flush=True)


if __name__ == "__main__":
    main(*[int(cells) for cells in sys.argv[1:2]] or [2000])
