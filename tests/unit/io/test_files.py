import json

import pytest

from heavytail.io import files


def test_a_file_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "folder" / "table.csv"
    files.write_text(path, "old")
    with pytest.raises(RuntimeError), files.replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [p.name for p in path.parent.iterdir()] == ["table.csv"]


def test_of_two_writers_the_later_one_counts(tmp_path):
    path = tmp_path / "table.csv"
    with pytest.raises(FileNotFoundError), files.replacing(path) as orphan:
        orphan.write_text("of a job whose parent was killed")
        with files.replacing(path) as temporary:
            temporary.write_text("of the next run")
    assert path.read_text() == "of the next run"
    assert [p.name for p in path.parent.iterdir()] == ["table.csv"]


def test_json_round_trips_and_refuses_nan(tmp_path):
    path = tmp_path / "record.json"
    files.write_json(path, {"value": 0.1, "none": None})
    assert files.read_json(path) == {"value": 0.1, "none": None}
    with pytest.raises(ValueError):
        files.write_json(path, {"value": float("nan")})
    assert json.loads(path.read_text())["value"] == 0.1


def test_lines_round_trip_with_unusual_characters(tmp_path):
    rows = [{"text": "a\nb\u2028c\x85d"}, {"text": "ü"}]
    files.write_lines(tmp_path / "rows.jsonl", rows)
    assert files.read_lines(tmp_path / "rows.jsonl") == rows
