"""The page as text: what it lets run, and what it lets in."""

import base64
import hashlib
import json
import re

import pytest

from heavytail.report.page import page
from support.made_up import datasets, unpacked

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def html() -> str:
    data = datasets(models=("standin", HOSTILE))
    data["cells"] = data["cells"].assign(reason="<img src=x onerror=alert(2)>")
    lines = ["<b>m</b>/wanda: no perplexity"]
    return page(data, ["standin", HOSTILE], lines, "models: {a: <i>b</i>}", "commit <u>0</u>")


def scripts(html: str) -> list[tuple[str, str]]:
    return re.findall(r"<script([^>]*)>(.*?)</script>", html, re.DOTALL)


def test_nothing_runs_but_the_two_scripts_that_the_policy_names(html):
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy.startswith("default-src 'none'; ") and "unsafe-eval" not in policy
    found = scripts(html)
    assert [attributes for attributes, _ in found] == [
        ' type="text/plain" id="data"',
        "",
        "",
    ]
    hashes = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for _, text in found[1:]
    ]
    assert re.findall(r"'sha256-([^']+)'", policy) == hashes
    assert "script-src 'sha256-" in policy


def test_texts_of_data_are_never_markup(html):
    outside = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    for text in (HOSTILE, "<img src=x", "<b>m", "<i>b", "<u>0"):
        assert text not in outside
    assert outside.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2, "title and selection"
    data = unpacked(scripts(html)[0][1])
    cells = data["datasets"]["cells"]["columns"]
    assert HOSTILE in cells["model"]["levels"]


def test_an_unfinished_matrix_says_what_is_missing(html):
    assert "1 cell is missing" in html and "&lt;b&gt;m&lt;/b&gt;/wanda: no perplexity" in html
    assert "unfinished" not in page(datasets(), ["standin"], [], "", "")


def test_data_stand_in_the_page_once(html):
    data = unpacked(scripts(html)[0][1])
    assert all("datasets" not in chart["spec"] for chart in data["charts"])
    # Digits of one perplexity, which several charts and a table show.
    value = datasets(models=("standin", HOSTILE))["cells"]["perplexity"].iloc[1]
    assert json.dumps(data).count(repr(float(value))) == 1


def test_without_cells_there_are_the_ratios_alone():
    data = {name: table for name, table in datasets().items() if name in ("ratios", "projections")}
    html = page(data, ["published"], [], "", "")
    assert 'id="ratio-lines"' in html and 'id="heat-map"' not in html and "0 pruned cells" in html
