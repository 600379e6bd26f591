"""Files that a spreadsheet saves begin with a byte order mark; each is read as without it."""

from pathlib import Path

import pytest

from heavytail.config.files import check_file
from heavytail.config.given import read_given
from heavytail.config.reference import COLUMNS, read_reference
from heavytail.config.segments import read_segments

FILES = [
    ("r.csv", read_given, "block,projection,sparsity\n0,q_proj,0.5\n"),
    ("r.csv", read_given, "block,sparsity\n0,0.5\n1,0.25\n"),
    ("r.json", read_given, "[0.5, 0.25]"),
    ("r.txt", read_given, "model.layers.0.self_attn.q_proj: 0.5\n"),
    ("reference.csv", read_reference, ",".join(COLUMNS) + "\n" + "," * (len(COLUMNS) - 1) + "\n"),
    ("segments.json", read_segments, "[[0], [1, 2]]"),
    ("c.yaml", check_file, "seeds: [0]\n"),
    ("c.json", check_file, '{"seeds": [0]}'),
]


@pytest.mark.parametrize(("name", "read", "text"), FILES)
def test_a_byte_order_mark_changes_nothing(name, read, text, tmp_path):
    plain, marked = tmp_path / "plain", tmp_path / "marked"
    for folder, encoding in ((plain, "utf-8"), (marked, "utf-8-sig")):
        folder.mkdir()
        Path(folder, name).write_text(text, encoding=encoding)
    assert Path(marked, name).read_bytes()[:3] == b"\xef\xbb\xbf"
    assert read(marked / name) == read(plain / name)
