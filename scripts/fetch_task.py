"""Freeze one of lm-eval's built-in tasks."""

from heavytail.data import lm_eval_tasks
from heavytail.io.files import write_lines, write_text
from heavytail.running.jobs import logged


def fetch_task(settings: lm_eval_tasks.TaskSettings, data: str, task: str) -> None:
    """Write the task's rows, and lm-eval's configuration, which names their file as `data`.

    The configuration's `metadata` has the number of rows and the SHA-256 of their file.
    """
    config, rows = lm_eval_tasks.freeze(settings, data)
    config["metadata"] |= write_lines(data, rows)
    write_text(task, lm_eval_tasks.to_yaml(config))


if __name__ == "__main__":
    with logged(snakemake.log[0], fetches=True):
        fetch_task(snakemake.params.settings, snakemake.output.data, snakemake.output.task)
