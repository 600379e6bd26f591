"""Build a multiple-choice task from held-out Python files."""

import importlib

import yaml

from heavytail.data import python_tasks
from heavytail.io.files import read_lines, write_lines, write_text
from heavytail.running.jobs import logged


def build_python_task(documents: str, settings: dict[str, str], data: str, task: str) -> None:
    """Write the task's rows, and lm-eval's configuration, which names their file as `data`.

    The configuration's `metadata` has the number of rows and the SHA-256 of their file.
    """
    name = settings["task"]
    files = [(row["name"], row["text"]) for row in read_lines(documents)]
    config = python_tasks.task_yaml(name, data)
    # Imported by name, so that the rows of a task depend only on the code of its own questions.
    ask = importlib.import_module(f"heavytail.data.tasks.{name}").questions
    config["metadata"] |= write_lines(data, python_tasks.build(files, ask))
    write_text(task, yaml.safe_dump(config, sort_keys=False))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        build_python_task(
            snakemake.input.documents,
            snakemake.params.settings,
            snakemake.output.data,
            snakemake.output.task,
        )
