"""Where things came from, read from their own files."""

import json

import torch
from safetensors.torch import save_file

from heavytail.io.tensors import write_tensors
from heavytail.report.origins import model_rows, of_records, token_origin
from support.records import cell, dense, tables


def test_the_origin_of_a_model_has_files_texts_tasks_and_the_protocol(tmp_path):
    origin, record, task = (tmp_path / name for name in ("p.json", "dense.json", "boolq.yaml"))
    origin.write_text(json.dumps({"source": "o/n", "revision": None, "files": {"a.bin": "ff"}}))
    losses = {"losses": [1, 2], "windows": 8, "versions": {"torch": "2"}, "reason": None}
    record.write_text(json.dumps(losses | {"results": {"any": 1}, "tasks": {"a": 0.5}}))
    function = "process_docs: !function lm_eval.tasks.boolq.utils.process"
    task.write_text(f"{function}\nmetadata: {{version: 2.0, dataset: {{path: o/boolq}}}}\n")
    tokens = tmp_path / "seed-0.safetensors"
    write_tensors(tokens, {"input_ids": torch.zeros(2, 3)}, {"dataset": "c4", "seed": "0"})
    found = model_rows(
        "m", str(origin), {"perplexity": str(record)}, str(tokens), {"boolq": str(task)}
    )
    assert found.drop(columns="model").to_numpy().tolist() == [
        ["model", "source", "o/n"],
        ["file, SHA-256", "a.bin", "ff"],
        ["calibration", "dataset", "c4"],
        ["calibration", "seed", "0"],
        ["task boolq", "version", "2.0"],
        ["task boolq", "dataset path", "o/boolq"],
        ["perplexity, dense", "windows", "8"],
        ["perplexity, dense", "versions torch", "2"],
    ]


def test_tokens_without_metadata_have_no_origin(tmp_path):
    save_file({"input_ids": torch.zeros(1)}, tmp_path / "a.safetensors")
    assert token_origin(str(tmp_path / "a.safetensors")) == {}


def test_a_cell_has_what_its_record_says_beyond_the_tables(tmp_path):
    cells, _ = tables([dense(), cell("wanda", "gt"), cell("wanda", "uniform")], [8.0, None, None])
    path = tmp_path / "m/wanda/0.7/gt/seed-0.json"
    path.parent.mkdir(parents=True)
    record = {"perplexity": None, "reason": "window 3: <inf>", "model": {"source": "o/n"}}
    path.write_text(json.dumps(record | {"losses": [1.0], "windows": 8}))
    found = of_records(cells, str(tmp_path / "{model}/{cell}.json"))
    assert found.columns.tolist() == ["reason", "model source", "windows"]
    assert found.loc[1].tolist() == ["window 3: <inf>", "o/n", 8]
    assert found.loc[[0, 2]].isna().all(axis=None)
