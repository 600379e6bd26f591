"""Size and opening time of the report of made-up cells; prints the table of docs/report.md.

PYTHONPATH=tests:scripts ./run python benchmarks/report.py
"""

import tempfile
import time
from pathlib import Path
from statistics import median

from heavytail.report.page import library, page
from support.browser import started
from support.made_up import datasets

SEVERAL = ("0.5", "0.6", "0.7", "0.8")
# Cells, all of three methods → models, allocations, sparsities, seeds, blocks of a model.
MATRICES = {
    24: (["standin"], 8, ["0.7"], [0], 8),
    200: (["a", "b"], 11, ["0.5", "0.6", "0.7"], [0], 32),
    2000: ([*"abcde"], 11, SEVERAL, [0, 1, 2], 32),
    10000: ([*"abcdefghijklmnopqrs"], 11, SEVERAL, [0, 1, 2, 3], 32),
}
ROUNDS = 5


def opened(browser, path: Path) -> tuple[float, float]:
    """Seconds until tables and first chart stand, and until another chart does."""
    found = browser.new_page(viewport={"width": 1200, "height": 900})
    begin = time.perf_counter()
    found.goto(path.as_uri())
    found.locator("#table-summary tbody tr").first.wait_for()
    found.locator("#draw-heat-map svg [role=graphics-symbol]").first.wait_for()
    first = time.perf_counter() - begin
    begin = time.perf_counter()
    found.locator("#draw-metrics").scroll_into_view_if_needed()
    found.locator("#draw-metrics svg [role=graphics-symbol]").first.wait_for()
    found.close()
    return first, time.perf_counter() - begin


def main() -> None:
    """Write each page, open it several times in a new tab, print a row."""
    library()
    print("| cells | written in, s | MB | open, s | a later chart, s |\n|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder, started() as browser:
        for name, (models, allocations, sparsities, seeds, blocks) in MATRICES.items():
            data = datasets(models, allocations, sparsities, seeds, blocks)
            begin = time.perf_counter()
            text = page(data, models, [], "", "")
            took = time.perf_counter() - begin
            path = Path(folder) / f"{name}.html"
            path.write_text(text, encoding="utf-8")
            times = [opened(browser, path) for _ in range(ROUNDS)]
            first, later = (median(column) for column in zip(*times, strict=True))
            cells = int((data["cells"]["method"] != "dense").sum())
            size = path.stat().st_size / 1e6
            print(f"| {cells} | {took:.1f} | {size:.2f} | {first:.2f} | {later:.2f} |", flush=True)


if __name__ == "__main__":
    main()
