"""The report as a whole: from the files of a matrix to its page."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from heavytail.io.files import write_text
from heavytail.report.matrix import with_epsilon_sources
from heavytail.report.page import page
from heavytail.report.sources import Places, datasets


def commit(scripts: str) -> str:
    """The commit of the workflow, "unknown" where it is no clone of a repository.

    Args:
        scripts: their folder in the workflow; Snakemake runs copies that lie elsewhere.
    """
    tracked = ["ls-files", "--error-unmatch", "write_report.py"]
    said = ""
    for command in (tracked, ["describe", "--always", "--dirty"]):
        git = ["git", "-C", scripts, *command]
        try:
            said = subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            return "unknown"
    return said


def there(places: Any) -> Any:
    """The same places without the files that do not exist."""
    if isinstance(places, dict):
        return {name: there(own) for name, own in places.items() if own is not None and _is(own)}
    return places


def _is(place: Any) -> bool:
    return not isinstance(place, str) or "{" in place or Path(place).exists()


def write_report(
    tables: Mapping[str, pd.DataFrame],
    places: Places,
    models: list[str],
    config: dict[str, Any],
    scripts: str,
    output: str,
    missing: tuple[str, ...] = (),
) -> None:
    """Write the page.

    Args:
        tables, places: as of `datasets`.
        models: in the config's order.
        config: as the run has it.
        scripts: as of `commit`.
        output: the HTML file.
        missing: a line for each cell that an unfinished matrix lacks.
    """
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    made_by = f"Written by heavytail, commit {commit(scripts)}."
    data = datasets(tables, places)
    if "qualities" in data:
        allocations = config.get("allocations") or {}
        data["qualities"] = with_epsilon_sources(data["qualities"], allocations)
    write_text(output, page(data, models, list(missing), text, made_by))
