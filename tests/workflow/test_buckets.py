"""The matrix through an S3 server of this machine: its requests, its secrets, and its failures."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import bucket_server
from support.storage import tables

pytestmark = pytest.mark.slow
TEXT = "results/data/python/test.jsonl"
THROUGH = (
    *(
        "--default-storage-provider",
        "s3",
        "--default-storage-prefix",
        f"s3://{bucket_server.BUCKET}",
    ),
    *("--shared-fs-usage", "none"),
)


@pytest.fixture
def server() -> Iterator[bucket_server.Server]:
    with bucket_server.serving() as server:
        yield server


def with_secrets(files: list[Path]) -> list[Path]:
    """The files in which a key of the server stands."""
    secrets = (bucket_server.KEY.encode(), bucket_server.SECRET.encode())
    return [file for file in files if any(secret in file.read_bytes() for secret in secrets)]


def test_a_server_of_objects_holds_the_same_tables(finished, fresh, server, tmp_path):
    # As administrators give it to people: there, and empty.
    server.objects().create()
    server.requests.clear()
    plan = fresh.snakemake("--dry-run", *THROUGH, **server.environment)
    assert plan.returncode == 0, plan.stdout
    # One listing, whatever the number of files and rules.
    assert len(server.requests) == 1, server.requests
    run = fresh.snakemake(*THROUGH, **server.environment)
    assert run.returncode == 0, run.stdout
    # Who may use a bucket need not be allowed to make it again.
    assert f"DELETE /{bucket_server.BUCKET}" not in server.requests
    store = tmp_path / "store"
    stored = server.download(store)
    assert tables(store) == tables(finished.folder)
    left = [path for path in fresh.folder.rglob("*") if path.is_file()]
    assert with_secrets([*stored, *left]) == []
    assert not any(secret in run.stdout for secret in (bucket_server.KEY, bucket_server.SECRET))
    server.requests.clear()
    again = fresh.snakemake("--dry-run", *THROUGH, **server.environment)
    assert "Nothing to be done" in again.stdout, again.stdout
    assert len(server.requests) == 1, server.requests


def test_a_server_that_is_not_there_is_told_in_one_line(fresh, server):
    nobody = server.environment | {"SNAKEMAKE_STORAGE_S3_ENDPOINT_URL": "http://127.0.0.1:9"}
    run = fresh.snakemake(*THROUGH, **nobody)
    assert run.returncode and "Traceback" not in run.stdout, run.stdout
    assert run.stdout.splitlines()[-1].startswith("storage: cannot list s3://matrix: Could not")


@pytest.mark.parametrize("code", ["AccessDenied", "QuotaExceeded"])
def test_after_a_refused_upload_the_next_run_goes_on(fresh, server, code):
    server.at, server.status, server.code = f"PUT /{bucket_server.BUCKET}/{TEXT}", "403 No", code
    run = fresh.snakemake(*THROUGH, "--", TEXT, **server.environment)
    assert run.returncode and code in run.stdout, run.stdout
    # A slow server is as good as any.
    server.status, server.delay = "", 2
    run = fresh.snakemake(*THROUGH, "--", TEXT, **server.environment)
    assert run.returncode == 0, run.stdout
    again = fresh.snakemake("--dry-run", *THROUGH, "--", TEXT, **server.environment)
    assert "Nothing to be done" in again.stdout, again.stdout
