"""What several tests read, and the hub that all of them would ask: a stand-in on this machine."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from support import hub_server as stand_in

HOME = tempfile.TemporaryDirectory(prefix="heavytail-home-")
# Before the first import of the hub's libraries, which read it once.
os.environ |= {
    "HF_ENDPOINT": stand_in.ENDPOINT,
    "HF_HOME": HOME.name,
    "HF_UPDATE_DOWNLOAD_COUNTS": "0",
    "NO_PROXY": "127.0.0.1",
}
os.environ.pop("HF_TOKEN", None)
# Before the first import of torch, and in its jobs too: threads that wait take no core from those
# of another worker, which they made many times slower.
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("busy", deadline=None)
hypothesis.settings.load_profile("busy")
# xdist's options in pyproject.toml.
WORKERS = ("--numprocesses", "--maxprocesses", "--maxschedchunk")


def pytest_addoption(parser, pluginmanager) -> None:
    """Without xdist (-p no:xdist) its options say nothing."""
    if not pluginmanager.hasplugin("xdist"):
        for name in WORKERS:
            parser.addoption(name)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config) -> int:
    """One for two cores, which a Snakemake takes, but two; none for a single file: done sooner."""
    if len(config.args) == 1 and ".py" in config.args[0]:
        return 0
    cores = len(os.sched_getaffinity(0))
    return max(min(cores, 2), cores // 2)


def pytest_collection_modifyitems(items) -> None:
    """Long tests first: whatever worker is ready early has short ones left.

    The very first makes what others share, for which they would wait.
    """
    sharing = {item for item in items if "shared" in item.fixturenames}
    items.sort(key=lambda item: (item.get_closest_marker("slow") is None, item in sharing))
    first = next(filter(sharing.__contains__, items), None)
    items.sort(key=lambda item: item is not first)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory) -> Path:
    """A tiny random LLaMA with grouped-query attention."""
    # It takes seconds to import, which the process that only hands tests out need not wait for.
    from support.tiny_model import save_model

    return save_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def hub(tmp_path, monkeypatch) -> Iterator[stand_in.Hub]:
    """A hub without repositories; what was fetched from another one is forgotten, nobody waits."""
    import datasets
    from huggingface_hub import HfFileSystem, constants

    HfFileSystem.clear_instance_cache()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "prepared")
    with stand_in.serving() as served:
        monkeypatch.setattr(time, "sleep", served.waits.append)
        yield served


@pytest.fixture
def mounted() -> Iterator:
    """Mounts a small file system at a folder; skips without the right to."""
    places: set[Path] = set()

    def mount(place: Path, *options: str) -> None:
        command = ["mount", *options, str(place)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            pytest.skip(f"cannot mount: {error}")
        if done.returncode:
            pytest.skip(f"cannot mount: {done.stderr.strip()}")
        places.add(place)

    yield mount
    for place in places:
        subprocess.run(["umount", str(place)], check=True)
