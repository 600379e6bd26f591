"""From records to tables, script by script, as the rules run them."""

import numpy as np
import pandas as pd
import pytest

from collect_cells import collect_cells
from compare_cells import compare_cells
from compare_reference import compare_reference, page
from heavytail.config.reference import COLUMNS, PUBLISHED
from heavytail.io.files import write_json
from heavytail.tables.anchors import MORE
from heavytail.tables.cells import read_csv
from heavytail.tables.over_seeds import over_seeds
from heavytail.tables.reference import beside
from support.records import cell, every, of_markdown, scored, tables
from write_summary import write_summary
from write_table import write_table

ALLOCATIONS = ["uniform", "gt", "qk"]
WINDOWS, DOCUMENTS = 60, 80
SAME = {"dataset": "t", "split": "test", "length": 8, "stride": None, "windows": None}
SAME |= {"bos": "tokenizer"}
FIRST = {"column": "perplexity", "words": "per token, t (test), windows of 8", "unit": "token"}
FIRST |= SAME
OTHER = {"column": "perplexity:t-test-8-word", "words": "per word, t (test)", "unit": "word"}
OTHER |= SAME


def write_records(folder, rows: list[dict]) -> dict[str, list[str]]:
    """Records of a matrix where qk is the best, gt as good, and a magnitude cell is broken."""
    rng = np.random.default_rng(0)
    paths = {"perplexity": [], "zero_shot": [], "pruned": [], "tuned": []}
    text = rng.normal(3, 0.3, WINDOWS)
    worse = {None: -1.0, "uniform": 0.5, "gt": 0.001, "qk": 0.0}
    for number, row in enumerate(rows):
        losses = text + worse[row["allocation"]] + rng.normal(0, 0.05, WINDOWS)
        kept = losses.tolist()
        value = float(np.exp(losses.mean()))
        if row["method"] == "magnitude" and row["allocation"] == "gt":
            kept[3], value = None, None
        right = (rng.random(DOCUMENTS) < 0.5).astype(int).tolist()
        share = float(np.mean(right))
        records = {
            "perplexity": {"perplexity": value, "losses": kept},
            "zero_shot": {
                "tasks": {"a": {"acc": share, "acc_stderr": 0.05}},
                "scores": scored("a"),
                "weights": {"a": 1.0},
                "mean": share,
                "bos": "none",
                "results": {"outcomes": {"a": right}},
            },
        }
        if row["artifact"]:
            row["artifact"] = str(folder / f"{number}.safetensors")
            records["pruned"] = {"realised_sparsity": 0.7, "seconds": 1.0, "peak_memory_mb": 9.0}
        for name, record in records.items():
            prefix = "" if name == "pruned" else f"{name}-"
            paths[name].append(str(folder / f"{prefix}{number}.json"))
            write_json(paths[name][-1], record)
    return paths


def written_to(folder) -> dict[str, str]:
    """What `collect_cells` writes."""
    tables = {name: str(folder / f"{name}.csv") for name in ("cells", "zero_shot", "protocols")}
    return tables | {"paired": str(folder / "paired.npz")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All tables of the made-up records."""
    folder = tmp_path_factory.mktemp("tables")
    rows = every(["wanda", "magnitude"], ALLOCATIONS)
    records = write_records(folder, rows)
    collected = written_to(folder)
    records["protocols"] = [str(folder / f"word-{number}.json") for number in range(len(rows))]
    for number, path in enumerate(records["protocols"]):
        write_json(path, {"perplexity": 100.5 + number})
    collect_cells(rows, [FIRST, OTHER], records, collected)
    compared = {"significance": str(folder / "significance.csv")}
    compare_cells(collected["cells"], collected.pop("paired"), compared["significance"])
    (folder / "results.csv").write_text(
        f"{','.join(COLUMNS)}\nm,wanda,gt,yes,,,,,ppl_wikitext2,,22.01,7,HIGH\n"
        "m,wanda,qk,yes,,,0.2,yes,zeroshot/a/acc,,0.5,7,HIGH\n"
    )

    def outputs(name: str) -> dict[str, str]:
        return {"values": str(folder / f"{name}.csv"), "table": str(folder / f"{name}.md")}

    (folder / "published.csv").write_text(
        f"{','.join(PUBLISHED)}\n"
        "m,wanda,spectral,grouping=gt epsilon=0.2,0.7,t,8,token,20.5,A,test,paper\n"
    )
    files = [str(folder / name) for name in ("results.csv", "published.csv")]
    inputs = collected | {"reference": files, "paired": str(folder / "paired.npz")}
    settings = {"text": "wikitext2", "published": {"m": {"wanda": 0.2, "magnitude": 0.3}}}
    compare_reference(inputs, settings, outputs("reference"))
    write_summary(collected | compared, outputs("summary"))
    reference = {"reference": outputs("reference")["values"]}
    write_table("m", collected | compared | reference, outputs("m"))
    write_table("m", collected | compared | {"reference": []}, outputs("without"))
    return folder


def test_comparisons_of_records_are_of_the_cells_that_they_belong_to(folder):
    found = read_csv(folder / "significance.csv")
    pairs = found.set_index(["quantity", "method", "baseline", "allocation"]).sort_index()
    wanda = pairs.loc["perplexity", "wanda", "best"]
    assert (
        wanda.loc["uniform", "distinguishable"]
        and not wanda.drop("uniform").iloc[0]["distinguishable"]
    )
    cells = read_csv(folder / "cells.csv").set_index(["method", "allocation"])["perplexity"]
    ratio = np.log(cells["wanda", "uniform"] / cells["wanda", wanda.loc["uniform", "against"]])
    assert wanda.loc["uniform", "difference"] == pytest.approx(ratio)
    broken = pairs.loc["perplexity", "magnitude", "best", "gt"]
    assert pd.isna(broken["distinguishable"]) and pd.isna(broken["low"])
    assert set(found["quantity"]) == {"perplexity", "zero_shot_mean"}


def test_the_page_marks_and_explains(folder):
    page = (folder / "m.md").read_text()
    assert "≈" in page and "**" in page and "10,000 resamples" in page
    assert "(reference 22.01, 20.50)" in page and "(reference 0.5000)" in page
    assert "Tasks (BOS policy `none`)" in page
    assert "(reference" not in (folder / "without.md").read_text()
    assert "calibration seeds" not in page
    table = read_csv(folder / "m.csv").set_index(["method", "allocation"])
    assert table.loc[("wanda", "gt"), "perplexity_reference"] == "22.01, 20.50"
    assert set(table["perplexity_mark"].dropna()) == {"best", "≈"}


def test_every_protocol_has_a_column_and_a_table_of_its_own(folder):
    cells = read_csv(folder / "cells.csv")
    assert cells[OTHER["column"]].tolist() == [100.5 + number for number in range(len(cells))]
    page = (folder / "m.md").read_text()
    first, other = (page.index(f"Perplexity {told['words']}\n") for told in (FIRST, OTHER))
    assert first < other and "≈" in page[first:other]
    table = of_markdown(page[other:].split("\n\n")[1])
    assert table[2] == ["wanda", "101.50", "102.50", "103.50"]
    assert read_csv(folder / "m.csv")[OTHER["column"]].tolist() == cells[OTHER["column"]].tolist()


def test_summary_and_reference_are_written_as_page_and_csv(folder):
    summary = read_csv(folder / "summary.csv")
    assert summary["quantity"].tolist() == ["perplexity", "zero_shot_mean"] * 2
    assert "## Zero-shot accuracy" in (folder / "summary.md").read_text()
    reference = read_csv(folder / "reference.csv")
    assert reference["epsilon_source"].fillna("").tolist() == ["assumed", "reference", ""]
    published = reference.iloc[2]
    assert published[["source", "tuned_on", "reference"]].tolist() == ["A", "test", 20.5]
    assert published["difference"] == pytest.approx(np.log(published["ours"] / 20.5))
    assert published["low"] < published["difference"] < published["high"]
    assert pd.isna(reference["difference"][1]) and "**test**" in (
        (folder / "reference.md").read_text()
    )
    assert "0.2 assumed" in (folder / "reference.md").read_text()


def test_the_reference_page_says_that_the_weight_of_a_blend_is_assumed():
    blend = {"weight": 0.25, "importance": "segments"}
    rows = [cell("wanda", "gt"), cell("wanda", "blended", grouping="gt", blend=blend)]
    cells, scores = tables(rows, (5.0, 6.0))
    own = {"model": "m", "method": "wanda", "grouping": "gt", "quantity": "ppl_wikitext2"}
    results = [
        dict.fromkeys(COLUMNS, "") | own | {"value": "7", "blend": b} for b in ("gradnorm", "")
    ]
    found = beside(results, over_seeds(cells), scores, "wikitext2", {"m": {"wanda": 0.2}})
    table = page(found.reindex(columns=[*found, *MORE])).split("## m")[1]
    head, *lines = of_markdown(table.strip())
    column = head.index("weight")
    assert [line[column] for line in lines] == ["0.25 assumed", ""]


def test_a_matrix_without_tasks_has_no_zero_shot_part(tmp_path):
    rows = every(["wanda"], ALLOCATIONS, [0, 1])
    records = write_records(tmp_path, rows) | {"zero_shot": []}
    inputs = written_to(tmp_path)
    collect_cells(rows, [FIRST], records, inputs)
    inputs["significance"] = str(tmp_path / "significance.csv")
    compare_cells(inputs["cells"], inputs.pop("paired"), inputs["significance"])
    outputs = {"values": str(tmp_path / "m.csv"), "table": str(tmp_path / "m.md")}
    write_table("m", inputs, outputs)
    page = (tmp_path / "m.md").read_text()
    assert (
        "Zero-shot" not in page and "±" in page and "calibration seeds" in page and "{" not in page
    )
    write_summary(inputs, outputs)
    assert "Zero-shot" not in (tmp_path / "m.md").read_text()


def test_a_tuned_row_says_what_trials_chose(tmp_path):
    rows = every(["wanda"], ALLOCATIONS)
    records = write_records(tmp_path, rows) | {"tuned": [str(tmp_path / "tuned.json")]}
    chosen = {"epsilon": 0.3, "grouping": "qk", "projections": ["q_proj", "k_proj"]}
    write_json(records["tuned"][0], {"chosen": chosen, "trials": []})
    rows = [
        row | {"epsilon": "tune", "grouping": "tune", "tuned": records["tuned"][0]}
        if row["allocation"] == "qk"
        else row
        for row in rows
    ]
    outputs = written_to(tmp_path)
    collect_cells(rows, [FIRST], records, outputs)
    cells = read_csv(outputs["cells"]).set_index("allocation")
    assert cells.loc["qk", ["epsilon", "grouping"]].tolist() == ["0.3", "qk"]
    assert not (cells["epsilon"] == "tune").any()
