"""Freeze a local task of lm-eval's form."""

from heavytail.data import lm_eval_tasks
from heavytail.io.files import write_lines, write_text
from heavytail.running.jobs import logged


def read_task(settings: lm_eval_tasks.LocalSettings, data: str, task: str) -> None:
    """Write the task's rows, and its configuration, which names their file as `data`."""
    config, rows = lm_eval_tasks.freeze_local(settings, data)
    config["metadata"] |= write_lines(data, rows)
    write_text(task, lm_eval_tasks.to_yaml(config))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        read_task(snakemake.params.settings, snakemake.output.data, snakemake.output.task)
