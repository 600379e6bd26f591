"""Bad texts and the line that each gets. Tests run them, and config/errors.md shows them."""

import gzip
import json

from support.bad_settings import HUB

COMMIT = HUB["revision"]
NEEDED = "40 hexadecimal digits"


def own(**text) -> dict:
    return {"texts": {"x": text}}


# Config → line. There is an empty folder, and a-file has no ending.
BAD_TEXTS = [
    (own(), "texts.x.path: missing: a text needs a local path, or hub, revision and files"),
    (own(path=3), "texts.x.path: expected a path, or a path for each split, found 3"),
    (own(path={}), "texts.x.path: empty, expected at least one"),
    (own(path="no/*.txt"), "texts.x.path: 'no/*.txt' matches no file"),
    (
        own(path="empty"),
        "texts.x.path: folder 'empty' has no .txt, .jsonl, .jsonl.gz or .parquet file",
    ),
    (own(path="a-f*"), "texts.x.path: 'a-file' is not .txt, .jsonl, .jsonl.gz or .parquet"),
    (own(path={"test": "no.txt"}), "texts.x.path.test: 'no.txt' matches no file"),
    (own(path={"tst": "a.txt"}), "texts.x.path: unknown split 'tst', did you mean 'test'?"),
    (own(pth="a.txt"), "texts.x.pth: unknown key, did you mean 'path'?"),
    (own(path="a.txt", files="b"), "texts.x.files: not allowed without hub"),
    (
        own(path="a.txt", **HUB, files="b"),
        "texts.x.path: not allowed beside hub: a text has one of the two",
    ),
    (
        own(hub="a/b", files="c"),
        "texts.x.revision: missing: a text of the hub needs its commit and its files",
    ),
    (own(**HUB), "texts.x.files: missing: a text of the hub needs its commit and its files"),
    (
        own(**HUB | {"revision": "main"}, files="c"),
        f"texts.x.revision: 'main' is not a commit of {NEEDED}",
    ),
    (own(**HUB, files="c", splits={}), "texts.x.splits: empty, expected at least one"),
    (
        own(**HUB, files="c", splits={"test": 0}),
        "texts.x.splits.test: found 0, expected above 0",
    ),
    (
        own(**HUB, files="c", splits={"test": 0.5, "validation": 0.6}),
        "texts.x.splits: the shares sum to 1.1, expected at most 1",
    ),
    (
        own(**HUB, files={"test": "c"}, splits={"test": 0.5}),
        "texts.x.splits: not allowed where each split has files of its own",
    ),
    (
        own(**HUB, files={"test": "c"}, seed=1),
        "texts.x.seed: not allowed where each split has files of its own",
    ),
    (
        {"texts": {"c4": HUB | {"files": "c"}}},
        "texts.c4: there is a built-in text of this name, choose another",
    ),
    (
        {"texts": {"tasks": HUB | {"files": "c"}}},
        "texts: no text can be called 'tasks': the tasks' folder has this name",
    ),
    (
        {"evaluation": {"dataset": "ptb"}},
        "texts.ptb.revision: missing: the commit of ptb-text-only/ptb_text_only with "
        f"penn_treebank/test/0000.parquet, {NEEDED}",
    ),
    (
        own(**HUB, files={"test": "c"}) | {"calibration": {"dataset": "x"}},
        "calibration.dataset: 'x' has no split 'calibration', only test",
    ),
    (
        {"calibration": {"dataset": {"c4": 0, "python": 0}}},
        "calibration.dataset: the weights sum to 0, expected at least one above",
    ),
    (
        {"calibration": {"dataset": {"c4": -1}}},
        "calibration.dataset.c4: found -1, expected at least 0",
    ),
    (
        {"calibration": {"dataset": {"c4": 1, "pythn": 1}}},
        "calibration.dataset: unknown calibration dataset 'pythn', did you mean 'python'?",
    ),
    ({"calibration": {"dataset": {}}}, "calibration.dataset: empty, expected at least one"),
    (
        {"calibration": {"dataset": ["c4", "python"]}},
        "calibration.dataset: expected a text, or a mapping from texts to weights, found a list",
    ),
    (
        {"calibration": {"draw": "packed"}},
        "calibration.draw: unknown way to draw windows 'packed', expected one of documents, stream",
    ),
    (
        own(**HUB, files={"calibration": "c"})
        | {"calibration": {"dataset": "x"}}
        | {"allocations": {"b": {"grouping": "gt", "epsilon": "tune"}}},
        "tune.dataset: 'x' has no split 'validation', only calibration",
    ),
]

ROWS = b"".join(json.dumps({"text": f"document {n}"}).encode() + b"\n" for n in range(2))
# What is wrong with a local text → the name of its file, content, line of the job that reads it.
BAD_FILES = [
    (
        "no such field",
        "a.jsonl",
        b'{"body": "b", "id": 1}',
        "a.jsonl, row 1: found body, id, expected the field 'text'",
    ),
    (
        "a row that is no object",
        "a.jsonl",
        b'["b"]',
        "a.jsonl, row 1: found list, expected the field 'text'",
    ),
    (
        "a number as text",
        "a.jsonl",
        b'{"text": 3}',
        "a.jsonl:1: found int, expected text, or a list of messages with a role and a content",
    ),
    (
        "messages without roles",
        "a.jsonl",
        b'{"text": [{"from": "human", "value": "b"}]}',
        "a.jsonl:1: found list, expected text, or a list of messages with a role and a content",
    ),
    (
        "a line that is cut short",
        "a.jsonl",
        b'{"text": "b',
        "a.jsonl, line 1: not JSON (Unterminated string starting at: line 1 column 10 (char 9))",
    ),
    ("no document", "a.jsonl", b"", "a.jsonl: the text is empty"),
    ("an empty file", "a.txt", b" \n", "a.txt: the text is empty"),
    ("bytes that are not text", "a.txt", b"\xff", "a.txt: not UTF-8 (…"),
    (
        "a gzip file that is cut short",
        "a.jsonl.gz",
        gzip.compress(ROWS, mtime=0)[:-9],
        "a.jsonl.gz: not a whole gzip file (…",
    ),
    ("a gzip file that is none", "a.jsonl.gz", ROWS, "a.jsonl.gz: not a whole gzip file (…"),
    ("a parquet file that is none", "a.parquet", ROWS, "a.parquet: not a whole parquet file (…"),
    (
        "too few documents for its shares",
        "a.jsonl",
        ROWS,
        "a.jsonl: the split 'test' gets none of "
        "2 different documents: give each split files of its own, or another share",
    ),
]
