"""A cache of one machine for files of a store: each version of a file travels there once."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from heavytail.io.files import replacing


def fetch_once(cached: Path, size: int, file: Path, fetch: Callable[[Path], object]) -> None:
    """Put a file in its place, out of the cache; the first who wants it fetches it there.

    Whoever wants the same meanwhile waits. The file is a hard link, or a copy on another disk.

    Args:
        cached: its place in the cache, named by a checksum of its content.
        size: its bytes; a file of another size, as a crash may leave it, is fetched again.
        file: where it is wanted; what is there is replaced.
        fetch: brings the file to a path; what it raises leaves the cache as it was.
    """
    cached.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{cached}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not cached.exists() or cached.stat().st_size != size:
            with replacing(cached) as part:
                fetch(part)
    # As new as if it had just come: Snakemake fetches what is older than in the store.
    os.utime(cached)
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as part:
        try:
            os.link(cached, part)
        except OSError:
            shutil.copyfile(cached, part)
