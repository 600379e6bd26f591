"""Files of a store come to a machine once."""

import threading
import time

import pytest

from heavytail.io.node_cache import fetch_once


class Store:
    """Brings a file, slowly, and counts how often."""

    def __init__(self):
        self.times = 0

    def __call__(self, path):
        self.times += 1
        time.sleep(0.2)
        path.write_bytes(b"weights")


@pytest.fixture
def places(tmp_path):
    """The cached file, and places of four jobs."""
    return tmp_path / "cache/etag", [tmp_path / f"job-{n}/model.safetensors" for n in range(4)]


def test_jobs_at_the_same_time_have_it_fetched_once(places):
    cached, files = places
    store = Store()
    jobs = [threading.Thread(target=fetch_once, args=(cached, 7, file, store)) for file in files]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert store.times == 1
    assert {file.read_bytes() for file in files} == {b"weights"}


def test_what_a_job_deletes_stays_for_the_next_and_is_as_new_as_if_it_had_come(places):
    cached, (first, second, *_) = places
    store = Store()
    fetch_once(cached, 7, first, store)
    first.unlink()
    before = time.time() - 1
    fetch_once(cached, 7, second, store)
    assert store.times == 1 and second.stat().st_mtime > before


def test_a_file_that_did_not_come_whole_is_not_kept(places):
    cached, (file, *_) = places

    def broken(path):
        path.write_bytes(b"wei")
        raise OSError("cut off")

    with pytest.raises(OSError, match="cut off"):
        fetch_once(cached, 7, file, broken)
    assert not file.exists()
    store = Store()
    fetch_once(cached, 7, file, store)
    assert store.times == 1 and file.read_bytes() == b"weights"


def test_on_another_disk_it_is_a_copy(places, monkeypatch):
    cached, (file, *_) = places

    def no_link(*_):
        raise OSError("Invalid cross-device link")

    monkeypatch.setattr("os.link", no_link)
    fetch_once(cached, 7, file, Store())
    assert file.read_bytes() == b"weights" and file.stat().st_nlink == 1


def test_a_file_that_a_crash_cut_short_is_fetched_again(places):
    cached, (file, *_) = places
    cached.parent.mkdir()
    cached.write_bytes(b"wei")
    fetch_once(cached, 7, file, Store())
    assert file.read_bytes() == b"weights"
