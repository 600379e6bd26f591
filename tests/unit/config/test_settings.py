"""Bad configs and the line that each gets, defaults, local models."""

import copy
from pathlib import Path

import pytest
import yaml

from heavytail.config.allocations import candidates
from heavytail.config.groupings import GROUPINGS, PROJECTIONS
from heavytail.config.mistakes import SettingsError
from heavytail.config.protocols import is_plain, name_of, words_of
from heavytail.config.reference import COLUMNS, PUBLISHED
from heavytail.config.settings import checked
from support.bad_allocations import BAD_ALLOCATIONS
from support.bad_models import BAD_MODELS
from support.bad_searches import BAD_SEARCHES
from support.bad_settings import (
    ALPHAS,
    BAD_SHAPES,
    BAD_VALUES,
    HUB,
    TASKS,
    allocation,
    model,
)
from support.bad_texts import BAD_TEXTS

HEADER = ",".join(COLUMNS).encode()
ANCHOR = ",".join(PUBLISHED).encode()
SCHEMA = yaml.safe_load((Path(__file__).parents[3] / "config/schema.yaml").read_text())


def save_fake_model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"")
    return folder


@pytest.mark.parametrize(
    ("config", "line"),
    [
        *BAD_SHAPES,
        *BAD_MODELS,
        *(
            (model(**HUB) | config, line)
            for config, line in BAD_ALLOCATIONS + BAD_SEARCHES + BAD_VALUES + BAD_TEXTS
        ),
    ],
)
def test_a_bad_config_gets_one_line(config, line, tmp_path):
    (tmp_path / "a-file").touch()
    (tmp_path / "a.npy").touch()
    (tmp_path / "a.txt").touch()
    (tmp_path / "empty").mkdir()
    (save_fake_model(tmp_path / "weightless") / "model.safetensors").unlink()
    with pytest.raises(SettingsError) as raised:
        checked(config, SCHEMA, [tmp_path])
    assert str(raised.value) == line


def test_published_alphas_take_the_place_of_weights(tmp_path):
    (save_fake_model(tmp_path / "weightless") / "model.safetensors").unlink()
    for name in ("a.npy", "segments.json"):
        (tmp_path / name).write_text("[[0]]")
    allocations = {
        "gt": {"grouping": "gt"},
        "matrix": {"grouping": "gt", "mapping": "matrix"},
        "depth": {"allocator": "depth_linear", "segments": "own"},
        "owl": {"allocator": "owl", "models": ["b"]},
    }
    models = {"a": ALPHAS | {"segments": "segments.json"}, "b": HUB}
    found = checked({"models": models, "allocations": allocations}, SCHEMA, [tmp_path])
    assert found["models"]["a"] == models["a"]


def test_defaults_are_filled_in_at_every_depth():
    config = model(**HUB) | {"calibration": {"samples": 4}}
    before = copy.deepcopy(config)
    assert checked(config, SCHEMA, [Path()]) == {
        "models": {"a": HUB},
        "texts": {},
        "methods": ["magnitude", "wanda", "sparsegpt"],
        "within_block": ["exact"],
        "refine": ["none"],
        "update": ["none"],
        "allocations": {
            "uniform": {"allocator": "uniform"},
            "gt": {
                "allocator": "spectral",
                "metric": "alpha_peak",
                "mapping": "block",
                "grouping": "gt",
                "epsilon": {"magnitude": 0.3, "wanda": 0.2, "sparsegpt": 0.2},
            },
        },
        "sparsity": [0.7],
        "seeds": [0],
        "artifacts": "keep",
        "calibration": {"dataset": "c4", "draw": "documents", "samples": 4, "length": 2048},
        "evaluation": [
            {"dataset": "wikitext2", "split": "test", "length": 2048, "stride": None}
            | {"windows": None, "bos": "tokenizer", "unit": "token", "tolerance": 0.01}
        ],
        "segments": {"count": 14, "windows": 4},
        "tune": {
            "epsilon": [0.05, 0.1, 0.15, 0.2, 0.25, 0.3],
            "grouping": [],
            "metric": [],
            "dataset": "c4",
            "length": 2048,
            "windows": 64,
        },
        "gradients": {"windows": 4},
        "hessian": {"eigenvalues": 50, "windows": 4},
        "tasks": TASKS.split(", "),
        "zero_shot": {"bos": "none", "engine": "shared"},
        "reference": [],
    }
    assert config == before


def test_defaults_are_not_shared_between_two_configs():
    first, second = (checked(model(**HUB), SCHEMA, [Path()]) for _ in range(2))
    first["methods"].clear()
    first["allocations"]["gt"].clear()
    assert second["methods"]
    assert second["allocations"]["gt"]


def test_trials_may_choose_from_all_groupings_several_metrics_and_epsilons():
    own = {"epsilon": [0.1, 0.2], "grouping": "all", "metric": ["alpha_peak", "mp_ks"]}
    config = allocation(grouping="tune", epsilon="tune", metric="tune") | {"tune": own}
    found = checked(config, SCHEMA, [Path()])
    trials = candidates(found["allocations"]["x"], found["tune"])
    assert len(trials) == len(set(map(str, trials))) == 127 * 2 * 2
    assert trials[2] == {
        **{"grouping": "q", "projections": ["q_proj"], "epsilon": 0.1},
        **{"metric": "mp_ks", "direction": -1, "family": "marchenko_pastur"},
    }
    assert trials[-1]["grouping"] == "gt"


@pytest.mark.parametrize("grouping", [*GROUPINGS, list(PROJECTIONS), ["o_proj"]])
def test_groupings_are_accepted_by_name_and_as_lists(grouping):
    found = checked(allocation(grouping=grouping), SCHEMA, [Path()])
    assert found["allocations"]["x"]["grouping"] == grouping


def test_a_protocol_per_word_counts_whole_documents():
    whole = {"dataset": "t", "split": "test", "length": 32, "windows": 16, "stride": None}
    whole |= {"bos": "tokenizer"}
    told = [words_of(whole | {"unit": unit}) for unit in ("token", "word")]
    assert told == [
        "per token, t (test), the first 16 windows of 32 tokens",
        "per word, t (test), whole documents in at most 16 windows of 32 tokens",
    ]


def test_protocols_may_be_one_or_several():
    one = checked(model(**HUB) | {"evaluation": {"length": 64}}, SCHEMA, [Path()])
    several = [{"length": 64}, {"unit": "word", "length": 32, "stride": 32}]
    found = checked(model(**HUB) | {"evaluation": several}, SCHEMA, [Path()])
    assert found["evaluation"][0] == one["evaluation"][0] and found["tune"]["length"] == 64
    assert list(map(name_of, found["evaluation"])) == [
        "wikitext2-test-64",
        "wikitext2-test-32-word",
    ]
    assert list(map(is_plain, found["evaluation"])) == [True, False]


def test_epsilon_may_differ_by_method():
    config = allocation(grouping="gt", epsilon={"wanda": 0.2, "sparsegpt": 0}) | {
        "methods": ["wanda"]
    }
    assert checked(config, SCHEMA, [Path()])["allocations"]["x"]["epsilon"]["wanda"] == 0.2


def test_one_way_through_a_block_needs_no_list():
    found = checked(model(**HUB) | {"within_block": "sequential"}, SCHEMA, [Path()])
    assert found["within_block"] == ["sequential"]


def test_names_that_differ_by_case_are_two_models():
    assert set(checked({"models": {"a": HUB, "A": HUB}}, SCHEMA, [Path()])["models"]) == {"a", "A"}


def test_no_task_is_a_choice():
    assert checked(model(**HUB) | {"tasks": []}, SCHEMA, [Path()])["tasks"] == []


def test_local_models_are_found_in_the_first_folder_that_has_them(tmp_path):
    here, beside = tmp_path / "here", tmp_path / "beside"
    for folder in (here / "both", beside / "both", beside / "only"):
        save_fake_model(folder)
    config = {
        "models": {
            "both": {"path": "both"},
            "only": {"path": "only"},
            "absolute": {"path": str(beside / "only")},
        }
    }
    assert checked(config, SCHEMA, [here, beside])["models"] == {
        "both": {"path": "both"},
        "only": {"path": str(beside / "only")},
        "absolute": {"path": str(beside / "only")},
    }


def test_the_reference_results_are_found_in_the_first_folder_that_has_them(tmp_path):
    here, beside = tmp_path / "here", tmp_path / "beside"
    for folder, names in ((here, ["both.csv"]), (beside, ["both.csv", "only.csv"])):
        folder.mkdir()
        for name in names:
            (folder / name).write_text(",".join(COLUMNS) + "\n")
    found = [
        checked(model(**HUB) | {"reference": name}, SCHEMA, [here, beside])["reference"]
        for name in ("both.csv", "only.csv")
    ]
    assert found == [["both.csv"], [str(beside / "only.csv")]]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "found no column 'model', expected model, method, grouping, "),
        (b"model,method", "found no column 'grouping', expected model, method, grouping, "),
        (b"\xff\xfe", "not a CSV file ('utf-8' codec can't decode "),
        (
            HEADER + b"\nm,wanda,gt,,,,,,ppl_wikitext2,,x,,",
            "row 2: value: found 'x', expected a number",
        ),
        (
            HEADER + b"\nm,wanda,gt,,,,b,,ppl_wikitext2,,3,,",
            "row 2: epsilon: found 'b', expected a number",
        ),
        (b"source,model", "found no column 'method', expected model, method, allocator, "),
        (
            ANCHOR + b"\nm,wanda,owl,epsilom=1,0.7,t,8,token,3,a,test,paper",
            "row 2: settings: unknown key 'epsilom', did you mean 'epsilon'?",
        ),
        (
            ANCHOR + b"\nm,wanda,owl,,0.7,t,8,token,3,a,train,paper",
            "row 2: tuned_on: found 'train', expected one of validation, test, not said",
        ),
        (
            ANCHOR + b"\nm,wanda,owl,,0.7,t,8,token,3,,test,paper",
            "row 2: found no source, value or length, expected all three",
        ),
        (
            ANCHOR + b",windows\nm,wanda,owl,,0.7,t,8,token,3,a,test,paper,few",
            "row 2: windows: found 'few', expected a whole number",
        ),
    ],
)
def test_a_file_of_reference_results_that_is_none_gets_one_line(content, line, tmp_path):
    path = tmp_path / "reference.csv"
    path.write_bytes(content)
    with pytest.raises(SettingsError) as raised:
        checked(model(**HUB) | {"reference": "reference.csv"}, SCHEMA, [tmp_path])
    assert str(raised.value).startswith(f"reference: {path}: {line}")


def test_a_job_on_another_machine_looks_up_nothing_that_a_config_names():
    config = {
        "models": {"m": {"path": "not-here", "segments": "not-here.json"}},
        "texts": {"t": {"path": {"calibration": "not-here.txt", "test": "not-here.txt"}}},
        "allocations": {"a": {"allocator": "given", "file": "not-here.csv"}},
        "calibration": {"dataset": "t"},
        "evaluation": {"dataset": "t"},
    }
    filled = checked(config, SCHEMA, [])
    assert filled["models"]["m"]["path"] == "not-here"
    assert filled["models"]["m"]["segments"] == "not-here.json"
    assert filled["texts"]["t"]["path"]["test"] == "not-here.txt"
    assert filled["allocations"]["a"]["file"] == "not-here.csv"
