"""A model of 2.2 GB pruned and scored inside a control group of 1.3 GB; prints README.md's table.

./run python benchmarks/memory.py [MB]          # as root; the group's limit, 1300 by default
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pruning import prepare

GROUPS = Path("/sys/fs/cgroup")
NAME = f"heavytail-memory-{os.getpid()}"
# What the two versions of control groups call the limit and the peak.
VERSIONS = {
    GROUPS / "memory": ("memory.limit_in_bytes", "memory.max_usage_in_bytes"),
    GROUPS: ("memory.max", "memory.peak"),
}
LIMIT_MB = 1300
# One row's work, in a process of its own: benchmarks/pruning.py has the functions.
ROWS = {
    "wanda": "pruning.ours(place, 'wanda', 'exact')",
    "sparsegpt": "pruning.ours(place, 'sparsegpt', 'exact')",
    "perplexity": "pruning.our_perplexity(place, '')",
}
PROGRAM = """
import sys
sys.path[:0] = [{benchmarks!r}, {scripts!r}]
from pathlib import Path
import pruning
place = Path({place!r})
print({work})
"""


@contextmanager
def control_group(limit: int) -> Iterator[tuple[Path, str]]:
    """A new control group of so many bytes, page cache included, and the name of its peak."""
    parent = next(place for place in VERSIONS if (place / "cgroup.procs").exists())
    group, (most, peak) = parent / NAME, VERSIONS[parent]
    group.mkdir()
    try:
        (group / most).write_text(str(limit))
        yield group, peak
    finally:
        group.rmdir()


def measured(work: str, place: Path, limit: int) -> tuple[float, int]:
    """Seconds, and the peak of a group with this limit in bytes."""
    here = Path(__file__).parent
    program = PROGRAM.format(
        benchmarks=str(here), scripts=str(here.parent / "scripts"), place=str(place), work=work
    )
    with control_group(limit) as (group, peak):
        members = group / "cgroup.procs"
        done = subprocess.run(
            [sys.executable, "-c", program],
            text=True,
            capture_output=True,
            preexec_fn=lambda: members.write_text(str(os.getpid())),
            env=os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_WAIT_POLICY": "PASSIVE"},
        )
        if done.returncode:
            sys.exit(f"{work}: ended with {done.returncode}: {done.stderr[-2000:]}")
        return float(done.stdout.splitlines()[-1]), int((group / peak).read_text())


def main(megabytes: int) -> None:
    """Measure each row and print the table."""
    import torch

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        prepare(place, "1.1 B", torch.bfloat16, windows=1)
        size = (place / "model/model.safetensors").stat().st_size
        print(f"A model of {size / 1e6:.0f} MB in a control group of {megabytes} MB:\n")
        print("| | seconds | peak MB, page cache included | over the model's file |")
        print("|:--|--:|--:|--:|")
        for name, work in ROWS.items():
            seconds, peak = measured(work, place, 10**6 * megabytes)
            print(f"| {name} | {seconds:.0f} | {peak / 1e6:.0f} | {peak / size:.2f} |", flush=True)


if __name__ == "__main__":
    main(*[int(given) for given in sys.argv[1:2]] or [LIMIT_MB])
