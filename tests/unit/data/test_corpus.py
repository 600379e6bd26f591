from extract_python import extract_python
from heavytail.data import corpus
from heavytail.io.files import read_json, read_lines, sha256


def test_every_file_of_the_library_has_one_split_and_each_split_has_enough_text():
    sizes = {split: sum(len(t) for _, t in corpus.held_out(split)) for split in set(corpus.SPLITS)}
    # 128 calibration windows and 256 scored ones of 256 tokens, about three characters each.
    assert sizes["calibration"] > 300_000 and sizes["test"] > 300_000
    assert sizes["train"] > 3 * max(sizes["calibration"], sizes["test"])


def test_the_split_depends_on_the_path_alone():
    # Fixed for ever: what one release held out, the next must not train on.
    names = ("abc.py", "queue.py", "enum.py", "json/decoder.py")
    found = [corpus.split_of(name) for name in names]
    assert found == ["train", "test", "calibration", "train"]


def test_the_text_for_tuning_is_of_no_other_split_and_nothing_was_trained_on_it(tmp_path):
    extract_python("validation", str(tmp_path / "v.jsonl"), str(tmp_path / "v.json"))
    (row,) = read_lines(tmp_path / "v.jsonl")
    assert row["name"] == corpus.VALIDATION == "_pydecimal.py"
    # Enough for the 128 windows of 256 tokens of about three characters that are scored elsewhere.
    assert len(row["text"]) > 128 * 256 * 3
    origin = read_json(tmp_path / "v.json")
    assert (origin["documents"], origin["documents_sha256"]) == (1, sha256(tmp_path / "v.jsonl"))
    others = {name for split in corpus.SPLITS for name, _ in corpus.held_out(split)}
    assert others and corpus.VALIDATION not in others
    # What kept it out of the training text of the shipped stand-in, which knew no such split.
    assert len(row["text"].encode()) > corpus.MAX_FILE_BYTES
    own, packages = corpus.training_texts(8_000_000)
    assert not any(row["text"] in text for text in own)
    lines = set(corpus.long_lines(row["text"]))
    copied = max(sum(line in lines for line in corpus.long_lines(text)) for text in own + packages)
    assert copied < len(lines) / 100


def test_files_that_are_no_text_are_left_out(tmp_path):
    (tmp_path / "ok.py").write_text("x = 1\n")
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "latin.py").write_bytes(b"# \xe9\n")
    (tmp_path / "huge.py").write_text("x = 1\n" * 40_000)
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "inside.py").write_text("x = 1\n")
    assert corpus.source_files(tmp_path) == [("ok.py", "x = 1\n")]


def test_vendored_copies_of_held_out_files_and_duplicates_are_never_trained_on(
    tmp_path, monkeypatch
):
    library, packages = tmp_path / "library", tmp_path / "packages"
    for folder in (library, packages / "one", packages / "two"):
        folder.mkdir(parents=True)
    names = [f"m{i}.py" for i in range(60)]
    for name in names:
        lines = [
            f"{name[:-3]}_{k} = 'a line that is long enough to betray a copy'" for k in range(20)
        ]
        (library / name).write_text("\n".join(lines))
    secret = next(name for name in names if corpus.split_of(name) == "test")
    open_ = next(name for name in names if corpus.split_of(name) == "train")
    (packages / "one" / "vendored.py").write_text("import os\n" + (library / secret).read_text())
    (packages / "one" / "own.py").write_text("own = 1\n")
    (packages / "two" / "same.py").write_text("own = 1\n")
    monkeypatch.setattr(corpus, "standard_library", lambda: library)
    monkeypatch.setattr(corpus, "site_packages", lambda: packages)
    own, installed = corpus.training_texts(10_000)
    assert (library / open_).read_text() in own
    assert not any(secret[:-3] + "_0" in text for text in own + installed)
    assert installed == ["own = 1\n"]
