"""Freeze a task or a group of lm-eval."""

from heavytail.data import lm_eval_tasks
from heavytail.data.frozen_tasks import write_entry
from heavytail.running.jobs import logged


def fetch_task(settings: lm_eval_tasks.TaskSettings, data: str, task: str) -> None:
    """Write its rows (JSON Lines), and lm-eval's configurations (YAML)."""
    write_entry(*lm_eval_tasks.freeze(settings), data, task)


if __name__ == "__main__":
    with logged(snakemake.log[0], fetches=True):
        fetch_task(snakemake.params.settings, snakemake.output.data, snakemake.output.task)
