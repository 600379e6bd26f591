"""A gated model of the hub goes to a store once, and only the job that fetches it needs a token."""

import shutil

import pytest

from support.hub_server import REVISION, TOKEN, Repository

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("rsync"), reason="the plugin fs copies with rsync"),
]
CONFIG = {
    "models": {"remote": {"hub": "a/b", "revision": REVISION}},
    "methods": ["magnitude"],
    "allocations": {"uniform": {"allocator": "uniform"}},
    "tasks": [],
}


def test_a_model_of_the_hub_goes_to_the_store_once(fresh, hub, tmp_path):
    shutil.move(fresh.folder / "tiny", tmp_path / "hub/tiny")
    hub.repositories["a/b"] = Repository(tmp_path / "hub/tiny", gated=True)
    fresh.configure(**CONFIG)
    store = tmp_path / "store"
    through = (
        *("--default-storage-provider", "fs", "--default-storage-prefix", str(store)),
        *("--shared-fs-usage", "none"),
    )
    provenance = "results/models/remote/provenance.json"
    run = fresh.snakemake(*through, "--", provenance, HF_TOKEN=TOKEN)
    assert run.returncode == 0, run.stdout
    assert (store / "results/weights/remote/model.safetensors").exists()
    hub.requests.clear()
    profile = ("--workflow-profile", "profiles/cloud", "--executor", "slurm", "--dry-run")
    plan = fresh.snakemake(*profile, *through)
    assert plan.returncode == 0, plan.stdout
    assert "mem_mb=<TBD>" not in plan.stdout and "runtime=<TBD>" not in plan.stdout
    # Without the token from here on.
    run = fresh.snakemake(*through)
    assert run.returncode == 0, run.stdout
    assert not hub.requests
    again = fresh.snakemake("--dry-run", *through)
    assert "Nothing to be done" in again.stdout, again.stdout
    held = [p for p in (*store.rglob("*"), *fresh.folder.rglob("*")) if p.is_file()]
    assert not any(TOKEN.encode() in path.read_bytes() for path in held)
