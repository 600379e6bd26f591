"""The zero-shot tasks, a row each (standard library only: parse time).

No job imports this table, so that a new row makes nothing stale: what a job needs of a row it is
given as a param of its rule.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """Where a task comes from.

    Attributes:
        folder: below lm_eval/tasks, the one that has the YAML file of a task of lm-eval's: its
            prompts, its metrics and the name of its data set; None for a task that is made on
            this machine by the module of heavytail.data.tasks that has the row's name.
        revision: the commit of the data set on the Hugging Face hub.
    """

    folder: str | None = None
    revision: str | None = None


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
