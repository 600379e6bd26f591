"""Local files as documents, and splits by shares."""

import gzip
import json
import random

import pytest

from heavytail.data.documents import local_documents, own_share
from heavytail.io.files import read_json, read_lines
from read_text import read_text
from support.data_sets import write_parquet

CHAT = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]


def source(path, field="text", **more) -> dict:
    return {"file": str(path), "field": field, "split": "test", **more}


def write_folder(folder):
    (folder / "deep").mkdir(parents=True)
    (folder / "deep/b.txt").write_bytes("zwei\r\nZeilen ü\n".encode())
    (folder / "a.txt").write_text("one")
    (folder / ".hidden.txt").write_text("no")
    (folder / "notes.md").write_text("no")
    rows = [{"text": "three", "id": 1}, {"text": CHAT}]
    lines = "\n".join(map(json.dumps, rows)) + "\n\n"
    (folder / "c.jsonl").write_text(lines)
    (folder / "d.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    write_parquet(folder / "e.parquet", [{"id": 1, "text": "four"}])
    return folder


def test_a_folder_is_the_documents_of_all_its_files(tmp_path):
    rows = list(local_documents(source(write_folder(tmp_path / "t"))))
    assert rows == [
        {"name": "a.txt", "text": "one"},
        {"name": "c.jsonl:1", "text": "three"},
        {"name": "c.jsonl:2", "messages": CHAT},
        {"name": "d.jsonl.gz:1", "text": "three"},
        {"name": "d.jsonl.gz:2", "messages": CHAT},
        {"name": "deep/b.txt", "text": "zwei\r\nZeilen ü\n"},
        {"name": "e.parquet:1", "text": "four"},
    ]


def test_a_file_and_a_glob_are_read_alike(tmp_path):
    folder = write_folder(tmp_path / "t")
    (one,) = local_documents(source(folder / "a.txt"))
    assert one == {"name": "a.txt", "text": "one"}
    found = [row["name"] for row in local_documents(source(folder / "**/*.txt"))]
    assert found == ["a.txt", "deep/b.txt"]


def test_the_field_may_have_another_name(tmp_path):
    write_parquet(tmp_path / "a.parquet", [{"body": "x", "text": "no"}, {"body": "y", "text": ""}])
    found = local_documents(source(tmp_path / "a.parquet", "body"))
    assert [row["text"] for row in found] == ["x", "y"]
    with pytest.raises(ValueError, match=r"row 1: found body, text, expected the field 'url'"):
        list(local_documents(source(tmp_path / "a.parquet", "url")))


SHARES = {"calibration": 0.6, "test": 0.25, "validation": 0.1}


def shared(rows, split, seed=0):
    told = {"shares": SHARES, "split": split, "seed": seed}
    return [row["name"] for row in own_share(rows, source("f") | told)]


def test_splits_share_out_the_documents_in_their_order():
    rows = [{"name": str(n), "text": f"text {n}"} for n in range(100)]
    found = {split: shared(rows, split) for split in SHARES}
    assert [len(names) for names in found.values()] == [60, 25, 10]
    assert len(set().union(*found.values())) == 95
    assert all(names == sorted(names, key=int) for names in found.values())
    assert shared(rows, "test", seed=1) != found["test"]


def test_neither_order_nor_names_count_and_equal_documents_stay_together():
    rows = [{"name": str(n), "text": f"text {n % 50}"} for n in range(100)]
    found = {split: set(shared(rows, split)) for split in SHARES}
    for names in found.values():
        assert {str((int(name) + 50) % 100) for name in names} == names
    mixed = random.Random(0).sample(rows, len(rows))
    assert {split: set(shared(mixed, split)) for split in SHARES} == found


def test_a_split_is_frozen_with_what_it_was_made_of(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    told = {"name": "a.txt", "sha256": "abc"}
    paths = tmp_path / "out.jsonl", tmp_path / "out.json"
    read_text(source(tmp_path / "a.txt"), told, *map(str, paths))
    assert read_lines(paths[0]) == [{"name": "a.txt", "text": "x"}]
    record = read_json(paths[1])
    assert (record["source"], record["revision"], record["documents"]) == ("a.txt", "abc", 1)
