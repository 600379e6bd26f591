"""The report in a real browser."""

import csv
import io
from pathlib import Path

import pytest

from heavytail.io.files import write_text
from heavytail.report.chart import Chart
from heavytail.report.contents import SECTIONS
from heavytail.report.page import page
from support.browser import started
from support.made_up import datasets, diagnostics

pytestmark = pytest.mark.slow
HOSTILE = "<img src=x onerror=document.title='ran'>"
MODELS = ("standin", HOSTILE)
NAMES = [part.name for parts in SECTIONS.values() for part in parts if isinstance(part, Chart)]
MARKS = "svg [role=graphics-symbol]"


@pytest.fixture(scope="module")
def browser():
    with started() as found:
        yield found


@pytest.fixture(scope="module")
def data():
    found = datasets(MODELS, seeds=(0, 1)) | diagnostics(MODELS)
    return found | {"cells": found["cells"].assign(windows=128)}


@pytest.fixture(scope="module")
def file(data, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("report") / "index.html"
    write_text(path, page(data, list(MODELS), [], "models: {}", "made by a test"))
    return path


@pytest.fixture
def opened(browser, file):
    """`opened(width, scheme)`: the page; the test fails for anything said or asked for."""
    said, contexts = [], []

    def opened(width: int = 1200, scheme: str = "light"):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
        )
        contexts.append(context)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        found = context.new_page()
        found.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        found.on("pageerror", lambda error: said.append(str(error)))
        found.on("request", lambda request: said.append(request.url))
        found.goto(file.as_uri())
        # The data are unpacked after the page has loaded.
        found.locator("#table-cells tbody tr").first.wait_for()
        return found

    yield opened
    for context in contexts:
        context.close()
    assert [line for line in said if line != file.as_uri()] == []


def drawn(page, name: str):
    """The place of a chart, which is drawn when it comes into the window."""
    place = page.locator(f"#draw-{name}")
    place.scroll_into_view_if_needed()
    place.locator(MARKS).first.wait_for(timeout=30_000)
    return place


def hover(page, mark) -> None:
    """Move the mouse into a mark, near its corner, away from what lies over it."""
    mark.evaluate("mark => mark.scrollIntoView({ block: 'center' })")
    box = mark.bounding_box()
    page.mouse.move(box["x"] + 4, box["y"] + 4)
    page.mouse.move(box["x"] + 5, box["y"] + 5)


def rows(page, table: str) -> list[list[str]]:
    found = page.locator(f"#table-{table} tbody tr").all()
    return [row.locator("td").all_inner_texts() for row in found]


def test_every_chart_has_marks_and_a_description(opened):
    page = opened()
    for name in NAMES:
        place = drawn(page, name)
        assert place.locator(MARKS).count() >= 2, name
        label = place.locator("[role=graphics-document]").get_attribute("aria-label")
        title = page.locator(f"#{name} h3").inner_text()
        assert label.startswith(title), name


def test_sorting_sorts_numbers_as_numbers_and_filters_filter(opened):
    page = opened()
    heads = page.locator("#table-cells thead th")
    place = heads.all_inner_texts().index("perplexity")
    page.locator("#table-cells th button").nth(place).click()
    values = [float(row[place]) for row in rows(page, "cells")]
    assert values == sorted(values) and len(values) > 20
    assert heads.nth(place).get_attribute("aria-sort") == "ascending"
    # The focus stays, so that the keyboard alone sorts the other way.
    page.keyboard.press("Enter")
    assert [float(row[place]) for row in rows(page, "cells")] == values[::-1]
    page.locator("#table-cells input").fill("WANDA guide1 0.5")
    found = rows(page, "cells")
    assert len(found) == 2 and all(row[0] == "wanda" and row[2] == "guide1" for row in found)
    assert page.locator("#table-cells output").inner_text() == f"2 of {len(values)} rows"


def test_a_table_is_copied_as_csv_and_as_latex(opened, data):
    page = opened()
    page.locator("#table-cells input").fill("magnitude uniform 0.7")
    page.locator("#table-cells .csv").click()
    page.get_by_text("copied").wait_for()
    text = page.evaluate("navigator.clipboard.readText()")
    found = list(csv.DictReader(io.StringIO(text)))
    cells = data["cells"]
    chosen = cells[(cells["model"] == "standin") & (cells["method"] == "magnitude")]
    chosen = chosen[(chosen["allocation"] == "uniform") & (chosen["sparsity"] == "0.7")]
    assert [float(row["perplexity"]) for row in found] == chosen["perplexity"].tolist()
    page.locator("#table-cells .latex").click()
    page.locator("#table-cells .latex").get_by_text("copied").wait_for()
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("\\begin{tabular}{lll") and text.count(" \\\\\n") == 3
    assert "mean accuracy" in text and "alpha_peak" not in text


def test_hovering_shows_the_record_s_own_value_and_a_click_its_record(opened, data):
    page = opened()
    place = drawn(page, "heat-map")
    qualities = data["qualities"]
    cell = qualities[(qualities["model"] == "standin") & (qualities["quality"] == "perplexity")]
    cell = cell[(cell["method"] == "wanda") & (cell["allocation"] == "guide2")]
    cell = cell[cell["sparsity"] == "0.7"].iloc[0]
    mark = place.locator(f"{MARKS}[aria-label*='method: wanda'][aria-label*='allocation: guide2']")
    mark = mark.and_(page.locator("[aria-label*='sparsity: 0.7']")).first
    hover(page, mark)
    tooltip = page.locator("#vg-tooltip-element")
    tooltip.wait_for()
    told = dict(line.locator("td").all_inner_texts() for line in tooltip.locator("tr").all())
    told = {key.rstrip(":"): value for key, value in told.items()}
    assert float(told["mean over seeds"]) == pytest.approx(cell["value"], rel=1e-5)
    assert told["seeds"] == "2" and told["epsilon"] == "0.2"
    assert told["settings"].startswith("allocator spectral, metric alpha_peak, grouping guide2")
    assert told["record"] == "perplexity/standin/wanda/0.7/guide2"
    assert told["times worse than dense"] == f"{cell['to_dense']:.4g}".rstrip("0")
    page.mouse.down()
    page.mouse.up()
    record = page.locator("#record")
    assert record.locator("h2").inner_text() == "standin / wanda / 0.7 / guide2"
    cells = data["cells"]
    own = cells[(cells["model"] == "standin") & (cells["method"] == "wanda")]
    own = own[(own["allocation"] == "guide2") & (own["sparsity"] == "0.7")]
    shown = record.inner_text()
    assert len(own) == 2 and all(repr(value) in shown for value in own["perplexity"])
    assert "windows\n128" in shown, "what the record says beside the tables"
    page.keyboard.press("Escape")
    assert not record.is_visible()


def test_the_keyboard_opens_a_record_from_the_table(opened):
    page = opened()
    page.locator("#table-cells button.record").nth(1).focus()
    page.keyboard.press("Enter")
    assert page.locator("#record dl").count() == 2, "one list for each seed"


def test_a_selection_changes_its_chart(opened, data):
    page = opened()
    place = drawn(page, "heat-map")
    before = place.inner_html()
    place.locator("select").first.select_option("boolq")
    page.wait_for_function(
        "before => document.querySelector('#draw-heat-map').innerHTML !== before", arg=before
    )
    qualities = data["qualities"]
    own = qualities[(qualities["model"] == "standin") & (qualities["quality"] == "boolq")]
    texts = set(place.locator("svg text").all_text_contents())
    assert set(own[own["method"] != "dense"]["shown"]) <= texts


@pytest.mark.parametrize("name", ["perplexity-curves", "accuracy-curves", "pareto", "ratio-lines"])
def test_the_keyboard_picks_an_allocation_out(opened, name):
    page = opened()
    place = drawn(page, name)
    faded = (
        "[...document.querySelectorAll('#draw-%s svg path')].filter(p => +p.getAttribute(%r) < 0.5)"
    )
    count = f"{faded % (name, 'opacity')}.length"
    before = page.evaluate(count)
    list_ = place.locator("select").last
    assert list_.locator("option").first.text_content() == "(none)"
    assert list_.locator("option").count() > 2
    list_.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_function(f"before => {count} > before", arg=before)


def test_another_model_is_shown_everywhere_and_its_name_is_only_text(opened):
    page = opened()
    drawn(page, "heat-map")
    page.locator("#model").select_option(HOSTILE)
    page.locator("#draw-heat-map[data-drawn^='<img']").wait_for()
    mark = page.locator(f"#draw-heat-map {MARKS}[aria-label*='method: wanda']").first
    hover(page, mark)
    page.locator("#vg-tooltip-element").get_by_text(HOSTILE, exact=True).wait_for()
    page.locator("#table-cells button.record").nth(1).click()
    assert HOSTILE in page.locator("#record h2").inner_text()
    assert page.locator("img").count() == 0 and page.title() != "ran"


def colours(page) -> tuple[str, str]:
    """The ground of the page, and of the texts of a chart."""
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    text = page.locator("#draw-heat-map svg .role-axis-label text").first
    return ground, text.get_attribute("fill")


def test_dark_is_dark_and_the_button_turns_it(opened):
    page = opened(scheme="dark")
    drawn(page, "heat-map")
    dark = colours(page)
    page.locator("#theme").click()
    page.wait_for_function(
        "dark => document.querySelector('#draw-heat-map svg .role-axis-label text')"
        ".getAttribute('fill') !== dark",
        arg=dark[1],
    )
    light = colours(page)
    assert dark == ("rgb(22, 23, 26)", "#e8e8e4") and light == ("rgb(252, 252, 251)", "#1c1c1a")


@pytest.mark.parametrize("width", [360, 800])
def test_a_narrow_window_scrolls_charts_and_not_the_page(opened, width):
    page = opened(width=width)
    for name in NAMES:
        drawn(page, name)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#draw-perplexity-curves").evaluate("place => { place.scrollLeft = 50 }")


def test_what_is_printed_has_every_chart(opened):
    page = opened()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for name in NAMES:
        page.locator(f"#draw-{name} {MARKS}").first.wait_for(timeout=60_000)
