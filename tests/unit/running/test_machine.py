"""The memory that made-up machines and control groups have, and the threads that follow."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heavytail.running import machine

MIB = 2**20
V1 = "40 30 0:31 {below} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
V2 = "41 30 0:32 {below} /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"


def made(root: Path, files: dict[str, str]) -> Path:
    """A tree with these files, on a machine of 8,000 MiB of which 6,000 are free."""
    meminfo = f"MemTotal: {8000 * 1024} kB\nMemFree: 9 kB\nMemAvailable: {6000 * 1024} kB\n"
    for name, text in ({"proc/meminfo": meminfo} | files).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def group_of_v1(folder: str, limit: int, used: int, cached: int) -> dict[str, str]:
    stat = f"cache 1\ntotal_inactive_file {cached}\ntotal_active_file 0\n"
    return {
        f"{folder}/memory.limit_in_bytes": f"{limit}\n",
        f"{folder}/memory.usage_in_bytes": f"{used}\n",
        f"{folder}/memory.stat": stat,
    }


def group_of_v2(folder: str, limit: str, used: int, cached: int) -> dict[str, str]:
    return {
        f"{folder}/memory.max": f"{limit}\n",
        f"{folder}/memory.current": f"{used}\n",
        f"{folder}/memory.stat": f"anon 5\ninactive_file 0\nactive_file {cached}\n",
    }


def test_a_machine_without_groups(tmp_path):
    found = machine.memory(made(tmp_path, {}))
    assert found == machine.Memory(8000 * MIB, 6000 * MIB)


def test_a_system_without_proc_has_what_the_c_library_says(tmp_path):
    found = machine.memory(tmp_path)
    assert found.total == found.free == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.parametrize(("path", "below"), [("/a/b", "/"), ("/docker/x/a/b", "/docker/x")])
def test_the_first_version_s_narrowest_group_counts(tmp_path, path, below):
    top = "sys/fs/cgroup/memory"
    files = {
        "proc/self/cgroup": f"4:cpu,memory:{path}\n0::/\n",
        "proc/self/mountinfo": V1.format(below=below),
        **group_of_v1(f"{top}/a/b", 2**63 - 4096, 0, 0),
        **group_of_v1(f"{top}/a", 3000 * MIB, 1500 * MIB, 1000 * MIB),
        **group_of_v1(top, 2**63 - 4096, 0, 0),
    }
    assert machine.memory(made(tmp_path, files)) == machine.Memory(3000 * MIB, 2500 * MIB)


@pytest.mark.parametrize("path", ["/a/b", "/../../a/b"])
def test_the_second_version_s_narrowest_group_counts(tmp_path, path):
    """Inside a container the path of the group may lie outside of what is mounted."""
    inner = "sys/fs/cgroup" + ("" if ".." in path else "/a/b")
    files = {
        "proc/self/cgroup": f"0::{path}\n",
        "proc/self/mountinfo": V2.format(below="/"),
        **group_of_v2("sys/fs/cgroup/a", "max", 0, 0),
        **group_of_v2(inner, str(1000 * MIB), 900 * MIB, 300 * MIB),
    }
    assert machine.memory(made(tmp_path, files)) == machine.Memory(1000 * MIB, 400 * MIB)


def test_a_group_above_may_leave_less_than_the_group_itself(tmp_path):
    files = {
        "proc/self/cgroup": "0::/a/b\n",
        "proc/self/mountinfo": V2.format(below="/"),
        **group_of_v2("sys/fs/cgroup/a", str(4000 * MIB), 3900 * MIB, 0),
        **group_of_v2("sys/fs/cgroup/a/b", str(1000 * MIB), 500 * MIB, 0),
    }
    assert machine.memory(made(tmp_path, files)) == machine.Memory(1000 * MIB, 100 * MIB)


def test_a_group_that_slows_down_at_a_limit_has_no_more(tmp_path):
    files = {
        "proc/self/cgroup": "0::/a\n",
        "proc/self/mountinfo": V2.format(below="/"),
        **group_of_v2("sys/fs/cgroup/a", "max", 0, 0),
        "sys/fs/cgroup/a/memory.high": f"{700 * MIB}\n",
    }
    assert machine.memory(made(tmp_path, files)).total == 700 * MIB


COUNTS = st.integers(1, 256)


@given(COUNTS, COUNTS, st.integers(0, 256))
def test_jobs_at_a_time_never_want_more_threads_than_cores(cores, fitting, wanted):
    threads = machine.threads_of(cores, fitting, wanted)
    assert 1 <= threads <= cores
    together = max(1, min(fitting, wanted, cores))
    assert threads * together <= cores < (threads + 1) * together


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_what_runs_at_a_time_fits(need, room):
    jobs = machine.at_a_time(need, room)
    assert jobs * need <= room or jobs == 1
    assert (jobs + 1) * need > room
