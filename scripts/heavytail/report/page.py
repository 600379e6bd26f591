"""The page: one file without a network, in which nothing runs but its own two scripts."""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from html import escape
from typing import Any

import pandas as pd
import vl_convert

from heavytail.cells import DENSE
from heavytail.report.chart import Chart, Table
from heavytail.report.contents import SECTIONS
from heavytail.report.encode import encoded, packed
from heavytail.report.glue import GLUE
from heavytail.report.style import STYLE, THEMES

# Digits of numbers that are only drawn. Of the first tables people copy the numbers: all digits.
DIGITS = {"cells": None, "reference": None, "densities": 4}
DRAWN_DIGITS = 7
# What Vega brings along; the page's own script starts it.
SNIPPET = "window.vegaEmbed = vegaEmbed;"


@cache
def library() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, from the package that carries them."""
    # A text in it that ends a script would end this one.
    return vl_convert.javascript_bundle(SNIPPET).replace("</script", "<\\/script")


def specification(chart: Chart) -> dict[str, Any]:
    """A chart's Vega-Lite, checked against its schema; its data are in the page."""
    found = chart.draw().to_dict()
    found["description"] = f"{chart.title}. {chart.caption}"
    # The page's theme takes its place.
    found.pop("config", None)
    return found


def drawn(datasets: Mapping[str, pd.DataFrame]) -> dict[str, list[Chart | Table]]:
    """Section → its charts and tables that have data."""

    def has_rows(part: Chart | Table) -> bool:
        first = part.data if isinstance(part, Table) else part.needs[0]
        return first in datasets and len(datasets[first]) > 0

    found = {title: list(filter(has_rows, parts)) for title, parts in SECTIONS.items()}
    return {title: parts for title, parts in found.items() if parts}


def payload(parts: list[Chart | Table], datasets: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """All that the page's script reads."""
    charts = [part for part in parts if isinstance(part, Chart)]
    tables = [part for part in parts if isinstance(part, Table)]
    used = {name for chart in charts for name in chart.needs} | {table.data for table in tables}
    return {
        "themes": THEMES,
        "charts": [
            {
                "name": chart.name,
                "needs": chart.needs,
                "choices": {name: list(place) for name, place in chart.choices.items()},
                "everyModel": chart.every_model,
                "spec": specification(chart),
            }
            for chart in charts
        ],
        "tables": [
            {
                "name": table.name,
                "title": table.title,
                "data": table.data,
                "columns": list(table.columns.items()),
                "everyModel": table.every_model,
                "records": table.records,
            }
            for table in tables
        ],
        "datasets": {
            name: encoded(table, DIGITS.get(name, DRAWN_DIGITS))
            for name, table in datasets.items()
            if name in used | {"cells"}
        },
    }


def figure(chart: Chart) -> str:
    """The place of a chart."""
    return f"""<figure id="{chart.name}">
<h3>{escape(chart.title)}</h3>
<figcaption>{escape(chart.caption)}</figcaption>
<div class="draw" id="draw-{chart.name}"></div>
</figure>"""


def place_of_table(table: Table) -> str:
    """The place of a table and its tools."""
    return f"""<div class="table" id="table-{table.name}">
<h3>{escape(table.title)}</h3>
<p class="about">{escape(table.caption)}</p>
<div class="tools"><label>filter <input type="search"></label><output></output>
<button type="button" class="csv">copy CSV</button>
<button type="button" class="latex">copy LaTeX</button></div>
<div class="scroll" tabindex="0" role="region" aria-label="{escape(table.title)}"></div>
<button type="button" class="more" hidden></button>
</div>"""


def _section(title: str, parts: list[Chart | Table]) -> str:
    places = (place_of_table(p) if isinstance(p, Table) else figure(p) for p in parts)
    head = f'<section id="{title.lower()}">\n<h2>{escape(title)}</h2>'
    return "\n".join([head, *places, "</section>"])


def _digest(script: str) -> str:
    """A script's own name in the content security policy."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def extent(models: list[str], datasets: Mapping[str, pd.DataFrame]) -> str:
    """How large the matrix is, and what it would cost to make it again."""
    cells = datasets.get("cells", pd.DataFrame())
    count = int((cells["method"] != DENSE).sum()) if len(cells) else 0
    found = f"{len(models)} {'model' if len(models) == 1 else 'models'}, {count} pruned cells."
    rules = datasets.get("rules", pd.DataFrame())
    if not len(rules):
        return found
    again = duration(rules["again"].sum())
    return f"{found} To make all of it again takes {again}, one job after another."


def duration(seconds: float) -> str:
    """Seconds as people say them: 40 s, 5 min, 2.5 h."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def page(
    datasets: Mapping[str, pd.DataFrame],
    models: list[str],
    missing: list[str],
    config: str,
    made_by: str,
) -> str:
    """The report as HTML.

    Args:
        datasets: name → table; the model in column `model` where a table has one.
        models: in the order of the config.
        missing: what an unfinished matrix lacks, a line each.
        config: the config as text.
        made_by: what of the workflow wrote it.
    """
    sections = drawn(datasets)
    parts = [part for found in sections.values() for part in found]
    scripts = [library(), GLUE]
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(map(_digest, scripts))}",
            "style-src 'unsafe-inline'",
            "img-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    links = "\n".join(f'<a href="#{name.lower()}">{escape(name)}</a>' for name in sections)
    options = "".join(f"<option>{escape(name)}</option>" for name in models)
    body = "\n".join(_section(title, found) for title, found in sections.items())
    warning = ""
    if missing:
        lines = "".join(f"<li>{escape(line)}</li>" for line in missing)
        warning = (
            f'<details class="warn" open><summary>This matrix is unfinished: {len(missing)} '
            f"{'cell is' if len(missing) == 1 else 'cells are'} missing.</summary>"
            f"<ul>{lines}</ul></details>"
        )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>heavytail: {escape(", ".join(models))}</title>
<style>{STYLE}</style>
</head>
<body>
<nav aria-label="sections"><div>{links}
<label>model <select id="model">{options}</select></label>
<button type="button" id="theme">light / dark</button></div></nav>
<header><h1>Layer-wise sparsity from heavy-tailed spectra</h1>
<p>{escape(extent(models, datasets))}</p>
{warning}<noscript><p class="warn">Charts and tables need JavaScript.</p></noscript></header>
<main>
{body}
<details><summary>The config as it was</summary><pre>{escape(config)}</pre></details>
</main>
<footer><p>{escape(made_by)}</p></footer>
<dialog id="record" aria-labelledby="record-title"><h2 id="record-title"></h2><div></div>
<button type="button">close</button></dialog>
<script type="text/plain" id="data">{packed(payload(parts, datasets))}</script>
<script>{scripts[0]}</script>
<script>{scripts[1]}</script>
</body>
</html>
"""
