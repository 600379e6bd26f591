"""What the workflow touches of Snakemake that its documentation does not promise, and why."""

import inspect
from dataclasses import fields
from pkgutil import resolve_name

import pytest
from snakemake import api, dag, io, iocontainers, jobs, persistence, rules, settings, storage
from snakemake.logging import logger
from snakemake.pathvars import Pathvars
from snakemake_interface_storage_plugins.storage_provider import StorageProviderBase

from support.project import ROOT
from support.snakemake_names import aliases_in, code_of, names_in, touched

PROVIDER = "workflow.storage_registry.default_storage_provider"
DOCUMENTED = {
    *(f"snakemake.{name}" for name in ("input", "log", "output", "params", "resources")),
    *(f"snakemake.{name}" for name in ("config", "threads", "wildcards")),
    "rules.*.output",
    "snakemake.utils:min_version",
    "workflow.source_path",
}
UNDOCUMENTED = {
    ".snakemake/incomplete": "status: no other file says what another process makes now",
    ".snakemake/locks": "status: whether there is another process",
    "Namedlist.get": "an input that only some of a rule's jobs have",
    "Namedlist.items": "inputs whose names follow from a job's settings",
    "job.resources": "memory: what a planned job holds, before the first one begins",
    "job.rule": "memory: one planned job of each rule and model is asked",
    "job.wildcards": "memory: one planned job of each rule and model is asked",
    "record.event": "which log event a record is",
    "record.indent": "a failed job is one of a group",
    "record.input": "status: the target names every record of the matrix",
    "record.jobid": "a job that is tried again is the one that failed",
    "record.log": "the reason of a failed job is the last line of its log",
    "record.output": "status: what a job of the plan makes",
    "record.reason": "status: a text, of which 'Forced execution' is told apart",
    "record.rule_name": "status: jobs are counted by rule",
    "rules.*.input": "the target is every record that the tables read",
    "snakemake": "status: the logger above Snakemake's own keeps its handlers when a run begins",
    "snakemake.cli:main": "status: a dry run with the user's arguments, in a process that listens",
    "snakemake.common:get_function_params": "planning: asked some 25 times a cell",
    "snakemake.exceptions:WorkflowError": "a module of the package may be a folder or a file",
    "snakemake.logging:logger": "failed jobs: it is what takes a listener",
    "snakemake.rules:get_function_params": "planning: the same function under its second name",
    "snakemake.scriptdir": "report: where the tasks' functions are, whose files provenance names",
    "snakemake.sourcecache:parse_uri": "planning: asked some 15 times a cell",
    "snakemake.io:strip_wildcard_constraints": "storage: the path that a rule gives",
    "snakemake_interface_storage_plugins.io:Mtime": "storage: what a bucket's list says of a file",
    "workflow.basedir": "a model's folder may be named from the Snakefile's own",
    "workflow.config_settings.config": "numbers in lists of --config come as text",
    "workflow.dag.needrun_jobs": "memory: a job that does not fit is told before any begins",
    "workflow.is_main_process": "a job does not know the limits that its run has",
    "workflow.overwrite_configfiles": "a config file of the caller's is complete by itself",
    "workflow.pathvars.apply": "a path of the rules that is read while the workflow is parsed",
    "workflow.register_resource": "memory: what is free is the limit of jobs at a time",
    "workflow.resource_settings": "resources: whether jobs are submitted, and have GPUs",
    "workflow.resource_settings.cores": "resources: of this machine",
    "workflow.resource_settings.default_resources": "resources: a profile limits the time of jobs",
    "workflow.resource_settings.nodes": "resources: jobs are submitted",
    "workflow.resource_settings.resources": "resources: how many GPUs a profile has",
    PROVIDER: "storage: that of the plugin",
    f"{PROVIDER}.get_storage_object_cls": "storage: s3 forgets the constraints of wildcards",
    f"{PROVIDER}.object": "storage: where jobs find files",
    "workflow.storage_settings.default_storage_prefix": "storage: what paths begin with",
    "workflow.storage_settings.default_storage_provider": "storage: whether there is one",
    "workflow.rules": "memory: rules that say nothing of it hold little, but something",
}
CLASSES: dict[str, type] = {
    "Namedlist": iocontainers.Namedlist,
    "job": jobs.Job,
    "rules.*": rules.RuleProxy,
    "workflow": api.Workflow,
    "workflow.config_settings": settings.types.ConfigSettings,
    "workflow.dag": dag.DAG,
    "workflow.resource_settings": settings.types.ResourceSettings,
    "workflow.pathvars": Pathvars,
    PROVIDER: StorageProviderBase,
    "workflow.storage_registry": storage.StorageRegistry,
    "workflow.storage_settings": settings.types.StorageSettings,
}


def is_attribute(owner: type, name: str) -> bool:
    """Whether objects of a class have an attribute, or a parameter of a dataclass sets it."""
    is_field = hasattr(owner, "__dataclass_fields__") and name in {f.name for f in fields(owner)}
    known = inspect.getattr_static(owner, name, None) is not None
    return is_field or known or f"self.{name} = " in inspect.getsource(owner)


def exists(name: str) -> bool:
    """Whether the installed Snakemake has what is listed under a name."""
    owner, _, last = name.rpartition(".")
    if name == "snakemake":
        return logger.name.startswith("snakemake.") and logger.propagate
    if name.startswith(".snakemake/"):
        return f'"{name.removeprefix(".snakemake/")}"' in inspect.getsource(persistence.file)
    if owner == "record":
        told = inspect.getsource(jobs.Job.log_info) + inspect.getsource(jobs.Job.get_log_error_info)
        return f"{last}=" in told
    if owner == "snakemake" and ":" not in last:
        return is_attribute(iocontainers.Snakemake, last)
    if owner in CLASSES:
        return is_attribute(CLASSES[owner], last)
    try:
        return resolve_name(name) is not None
    except (ImportError, AttributeError):
        return False


def test_the_list_is_what_the_workflow_touches():
    found = touched(ROOT)
    assert sorted(found - DOCUMENTED - UNDOCUMENTED.keys()) == [], "new ones: list them, with why"
    assert sorted({*DOCUMENTED, *UNDOCUMENTED} - found) == [], "nothing touches them: drop them"


@pytest.mark.parametrize("name", UNDOCUMENTED)
def test_snakemake_has_what_is_listed(name):
    assert exists(name)


def test_the_reason_that_status_tells_apart_is_said_so():
    reason = jobs.Reason()
    reason.forced = True
    assert str(reason) == "Forced execution"
    assert '"Forced execution"' in (ROOT / "scripts/heavytail/tables/status.py").read_text()


def test_snakemake_and_the_plugin_have_what_the_list_of_a_bucket_needs():
    s3 = pytest.importorskip("snakemake_storage_plugin_s3")
    needed = ("inventory", "get_inventory_parent", "s3bucket", "_local_suffix_from_key")
    assert [name for name in needed if not is_attribute(s3.StorageObject, name)] == []
    assert "self.bucket = " in inspect.getsource(s3.StorageObject)
    assert is_attribute(io.ExistsDict, "has_inventory")


@pytest.mark.parametrize(
    "name",
    [
        *("job.no_name", "record.no_name", "rules.*.no_name", "Namedlist.no_name"),
        *("workflow.no_name", "workflow.dag.no_name", "workflow.resource_settings.no_name"),
        *(".snakemake/no_name", "snakemake.common:no_name", "snakemake.no_name:main"),
    ],
)
def test_a_name_that_snakemake_lacks_is_noticed(name):
    assert not exists(name)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("from snakemake.io import (\n    temp, ancient as old,\n)\n", "snakemake.io:ancient"),
        ("if x:\n    import os, snakemake.dag as dag\n", "snakemake.dag"),
        ("ask(workflow  .persistence  .path)", "workflow.persistence.path"),
        ('print(f"{workflow.persistence}")', "workflow.persistence"),
        ("rule a:\n    input:\n        workflow.rules[0],\n", "workflow.rules"),
        ("a, b = workflow.dag, workflow.rules\nb.clear()", "workflow.rules.clear"),
        ("A = workflow.dag\nB = A.jobs\nB.clear()", "workflow.dag.jobs.clear"),
        ('getattr(workflow, "sourcecache", None)', "workflow.sourcecache"),
        ('resolve_name("snakemake.jobs:Job")', "snakemake.jobs:Job"),
        ('import_module("snakemake_interface_common.utils")', "snakemake_interface_common.utils"),
        ('Path(".snakemake/metadata")', ".snakemake/metadata"),
        ("rules.prune.rule.name", "rules.*.rule"),
        ("def f(job):\n    job.is_group()", "job.is_group"),
        ("wildcards.values()", "Namedlist.values"),
        (
            "class A(logging.Handler):\n    def emit(self, record):\n        record.aux",
            "record.aux",
        ),
    ],
)
def test_whatever_touches_snakemake_is_found(code, found):
    code = code_of(code)
    assert found in names_in(code, True, aliases_in(code))


def test_what_only_looks_like_it_is_not_found():
    said = '"""Of workflow.dag."""\n# workflow.dag\nown.workflow.dag\nx = [1]\n'
    assert names_in(code_of(said), True, {}) == set()
    assert names_in(code_of("snakemake.input.model\nsnakemake.rule\n"), False, {}) == {
        "snakemake.input",
        "snakemake.rule",
    }
