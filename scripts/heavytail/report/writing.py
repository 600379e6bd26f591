"""The report as a whole: from the files of a matrix to its page."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from heavytail.io.files import write_text
from heavytail.report import sources
from heavytail.report.encode import joined
from heavytail.report.page import page
from heavytail.tables.cells import read_csv

Places = dict[str, Any]
TABLES = ("cells", "zero_shot", "significance", "summary", "reference")


def commit(folder: str) -> str:
    """The commit of the workflow in a folder, "unknown" where it is no clone of a repository."""
    command = ["git", "-C", folder, "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def there(places: Any) -> Any:
    """The same places without the files that do not exist."""
    if isinstance(places, dict):
        return {name: there(own) for name, own in places.items() if own is not None and _is(own)}
    return places


def _is(place: Any) -> bool:
    return not isinstance(place, str) or "{" in place or Path(place).exists()


def read_tables(places: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """The tables of a finished matrix by their names, those of `TABLES` that there are."""
    return {name: read_csv(places[name]) for name in TABLES if name in places}


def datasets(tables: Mapping[str, pd.DataFrame], places: Places) -> dict[str, pd.DataFrame]:
    """Every dataset of the report.

    Args:
        tables: the tables of the matrix; none where the config has no weights.
        places: paths. By model: "blocks", "matrices" (ratios), "provenance", "heads", "hessians",
            "segments" (name → path), "metrics" (family → path), "dense" (quality → record);
            "densities" and "tails" (model → "dense" or a cell → path). "averages";
            "benchmarks", a folder; "record", of a perplexity, with {model} and {cell} in it.
    """
    data = sources.of_ratios(places["blocks"], places["matrices"], places["segments"])
    data |= sources.of_spectra(places["densities"], places["tails"], places["metrics"])
    data |= sources.of_diagnostics(places.get("averages"), places["heads"], places["hessians"])
    data["rules"] = sources.rule_rows(Path(places["benchmarks"]))
    data["provenance"] = joined(
        sources.provenance_rows(model, path, places["dense"].get(model, {}))
        for model, path in places["provenance"].items()
    )
    if len(tables.get("cells", ())):
        data |= sources.of_cells(*(tables[name] for name in TABLES[:3]))
        reasons = sources.reasons(tables["cells"], places["record"])
        data["cells"] = data["cells"].assign(reason=reasons)
    return data | {name: tables[name] for name in ("summary", "reference") if name in tables}


def write_report(
    tables: Mapping[str, pd.DataFrame],
    places: Places,
    models: list[str],
    config: dict[str, Any],
    folder: str,
    output: str,
    missing: tuple[str, ...] = (),
) -> None:
    """Write the page.

    Args:
        tables, places: as of `datasets`.
        models: in the config's order.
        config: as the run has it.
        folder: where the workflow lies.
        output: the HTML file.
        missing: a line for each cell that an unfinished matrix lacks.
    """
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    made_by = f"Written by heavytail, commit {commit(folder)}."
    write_text(output, page(datasets(tables, places), models, list(missing), text, made_by))
