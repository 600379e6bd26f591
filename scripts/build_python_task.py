"""Build a multiple-choice task from held-out Python files."""

import importlib

from heavytail.data import python_tasks
from heavytail.data.frozen_tasks import write_entry
from heavytail.io.files import read_lines
from heavytail.running.jobs import logged


def build_python_task(documents: str, settings: dict[str, str], data: str, task: str) -> None:
    """Write the task's rows (JSON Lines), and lm-eval's configuration (YAML)."""
    name = settings["task"]
    files = [(row["name"], row["text"]) for row in read_lines(documents)]
    # Imported by name, so that the rows of a task depend only on the code of its own questions.
    ask = importlib.import_module(f"heavytail.data.tasks.{name}").questions
    rows = {name: python_tasks.build(files, ask)}
    write_entry(python_tasks.entry(name), rows, data, task)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        build_python_task(
            snakemake.input.documents,
            snakemake.params.settings,
            snakemake.output.data,
            snakemake.output.task,
        )
