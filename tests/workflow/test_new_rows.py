"""A row more in every table of an axis, with its module, is no reason to compute anything."""

import pytest

pytestmark = pytest.mark.slow
ROWS = {
    "methods": (
        "METHODS",
        '"nowag": Method(calibrated=True, epsilon=0.2),',
        "pruning/methods/nowag",
    ),
    "allocators": ("ALLOCATORS", '"own": Allocator(epsilon=0.1),', "allocation/allocators/own"),
    "metrics": ("METRICS", '"gini": Metric("inequality", LESS),', "metrics/inequality"),
    "families": ("FAMILIES", '"own": Family("Own"),', "models/families/own"),
    "texts": ("TEXTS", '"own": Text(hub="a/b", revision="c", files={"test": "d"}),', None),
    "tasks": ("TASKS", '"own": Task(),', "data/tasks/own"),
}


def test_a_new_row_of_every_table_and_its_module_rerun_nothing(project):
    for axis, (table, row, module) in ROWS.items():
        project.edit(
            f"scripts/heavytail/config/{axis}.py", f"{table} = {{", f"{table} = {{\n    {row}"
        )
        if module:
            (project.folder / f"scripts/heavytail/{module}.py").write_text("NEW = True\n")
    assert project.planned() == {}
