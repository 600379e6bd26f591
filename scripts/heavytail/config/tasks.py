"""The zero-shot tasks, a row each (standard library only: parse time).

No job imports this table: a job receives what it needs of a row as a param of its rule. A new row
therefore makes nothing stale. A config may name other tasks of lm-eval
(heavytail.config.own_tasks).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """Where a task comes from.

    Attributes:
        folder: the folder below lm_eval/tasks with the YAML file of one of lm-eval's tasks, which
            gives its prompts, its metrics and the name of its data set; "." for a group. None for a
            task that the module of heavytail.data.tasks with the row's name makes on this machine.
        revision: the commit of the data set on the Hugging Face hub; of a task of lm-eval None if
            the job that fetches it is to take the newest, which it records.
        shots: how many examples stand before a question; None for what the task itself says.
        limit: how many of the first documents are scored; None for all.
        metric: the number that counts; None for the first.
        path: the YAML file of a local task, with its data beside it; it has no folder.
    """

    folder: str | None = None
    revision: str | None = None
    shots: int | None = None
    limit: int | None = None
    metric: str | None = None
    path: str | None = None


_ARC = "210d026faf9955653af8916fad021475a3f00453"
# The seven tasks of the reference results; two of them share a data set.
TASKS = {
    "arc_easy": Task("arc", _ARC),
    "arc_challenge": Task("arc", _ARC),
    "rte": Task("glue/rte", "bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c"),
    "winogrande": Task("winogrande", "01e74176c63542e6b0bcb004dcdea22d94fb67b5"),
    "openbookqa": Task("openbookqa", "388097ea7776314e93a529163e0fea805b8a6454"),
    "hellaswag": Task("hellaswag", "218ec52e09a7e7462a5400043bb9a69a41d06b76"),
    "boolq": Task("super_glue/boolq", "3de24cf8022e94f4ee4b9d55a6f539891524d646"),
    "python_continuation": Task(),
    "python_attribute": Task(),
}
