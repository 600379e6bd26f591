import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import transformers.models.llama

from heavytail.running import imports
from support.killed import ENVIRONMENT

# Loads a model as jobs do, and tells which libraries were imported meanwhile.
LOADING = """
import json, sys
from heavytail.running.imports import spare
spare()
spare()
from heavytail.evaluation import perplexity
import torch
from heavytail.models.streaming import StreamedModel
StreamedModel(sys.argv[1], torch.device("cpu"))
print(json.dumps(sorted({"transformers", "scipy", "sklearn", "pandas", "datasets", "lm_eval"}
    & sys.modules.keys())))
import scipy.optimize
"""


def test_a_job_with_a_model_imports_no_library_that_it_does_not_need(model_folder):
    command = [sys.executable, "-c", LOADING, str(model_folder)]
    told = subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True, text=True)
    assert json.loads(told.stdout) == ["transformers"]


def test_what_is_hidden_comes_back(monkeypatch):
    monkeypatch.delitem(sys.modules, "this", raising=False)
    with imports.hidden(["this", "json"]):
        with pytest.raises(ModuleNotFoundError):
            import this  # noqa: F401
        # What is imported already stays.
        assert sys.modules["json"] is json
    assert "this" not in sys.modules and sys.modules["json"] is json


def test_what_is_hidden_comes_back_after_a_failure():
    with pytest.raises(ZeroDivisionError), imports.hidden(["this"]):
        1 / 0  # noqa: B018
    assert "this" not in sys.modules


LISTING = """
import os, sys
listed = []
sys.addaudithook(lambda event, given: event == "os.scandir" and listed.append(str(given[0])))
from heavytail.running.imports import LISTING, spare
spare()
import transformers.models.llama
from transformers import LlamaConfig, LlamaForCausalLM
print([os.path.basename(path) for path in listed].count("mistral"))
print(LlamaConfig().model_type, len(dir(transformers)) > 1000)
"""


def test_transformers_lists_its_models_once():
    command = [sys.executable, "-c", LISTING]
    told = subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True, text=True)
    assert told.stdout.split() == ["1", "llama", "True"]


def test_a_folder_is_listed_the_same_by_its_path_and_by_its_file():
    # A release that forgets nothing, or has another function, needs `list_once` no more.
    utilities = importlib.import_module(imports.LISTING[0])
    listing = getattr(utilities, imports.LISTING[1])
    folder = Path(transformers.models.llama.__file__).parent
    assert listing(folder) == listing(str(folder / "__init__.py")) != {}


def test_only_what_is_listed_is_found_in_another_way():
    finder = imports.SparingFinder()
    assert finder.find_spec("json", None) is None
    spec = finder.find_spec("transformers", None)
    assert spec and spec.name == "transformers"
