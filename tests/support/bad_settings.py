"""Bad configs and the line that each gets. Tests run them, and config/errors.md shows them."""

import math

import yaml

from heavytail.config.groupings import PROJECTIONS

HUB = {"hub": "owner/model", "revision": "0123456789abcdef0123456789abcdef01234567"}
METHODS = "magnitude, wanda, wanda_variant, sparsegpt, ria, stade, rose, alps"
TASKS = "arc_easy, arc_challenge, rte, winogrande, openbookqa, hellaswag, boolq"
A_PART, FROM_0 = (f"expected a number {low} 0 to below 1" for low in ("above", "from"))
A_SHARE = "a share, or 'N:M' with M 2, 4, 8, 16 or 32"
A_NAME = "a name of letters, digits, '.', '_' and '-' that starts with a letter or digit"


ALPHAS = {"path": "weightless", "alphas": {"file": "a.npy", "order": list(PROJECTIONS)}}


def model(**settings) -> dict:
    return {"models": {"a": settings}}


def alphas(**changes) -> dict:
    return model(**ALPHAS | {"alphas": ALPHAS["alphas"] | changes})


def allocation(**settings) -> dict:
    return model(**HUB) | {"allocations": {"x": settings}}


BAD_SHAPES = [
    ([], "top level: expected a mapping, found a list"),
    (None, "top level: expected a mapping, found nothing"),
    ({}, "models: missing: a config names at least one model"),
    ({"modles": {}}, "modles: unknown key, did you mean 'models'?"),
    (
        model(**HUB) | {1: 2},
        "1: unknown key, expected one of models, texts, methods, within_block, refine, update, "
        "allocations, sparsity, seeds, artifacts, calibration, evaluation, segments, tune, "
        "gradients, hessian, tasks, zero_shot, reference",
    ),
    (model(**HUB) | {"see\nds": [0]}, "see ds: unknown key, did you mean 'seeds'?"),
    (
        model(**HUB) | {"hessian": {"windows": 9}, "calibration": {"samples": 8}},
        "hessian.windows: found 9, expected at most 8, as calibration.samples",
    ),
]
BAD_VALUES = [
    ({"artifacts": "temp"}, "artifacts: unknown treatment 'temp', did you mean 'temporary'?"),
    (
        {"methods": None},
        "methods: expected a list, found nothing (leave the key out for its default)",
    ),
    ({"methods": []}, "methods: empty, expected at least one"),
    ({"methods": "wanda"}, "methods: expected a list, found 'wanda'"),
    ({"methods": ["wand"]}, "methods: unknown method 'wand', did you mean 'wanda'?"),
    (
        {"methods": [{"wanda": 0.2}]},
        f"methods: found a mapping, expected one of {METHODS}",
    ),
    ({"methods": ["wanda", "wanda"]}, "methods: 'wanda' occurs twice"),
    ({"sparsity": 0.7}, "sparsity: expected a list, found 0.7"),
    *(
        ({"sparsity": [share]}, f"sparsity: found {share}, {A_PART} (N:M needs quotes)")
        for share in (70, 0, 1.0)
    ),
    (
        yaml.safe_load("sparsity: [2:4]"),
        f"sparsity: found 124, {A_PART} (N:M needs quotes)",
    ),
    ({"sparsity": ["1e-1"]}, f"sparsity: '1e-1' is not {A_SHARE}"),
    ({"sparsity": ["2:3"]}, f"sparsity: '2:3' is not {A_SHARE}"),
    (
        {"sparsity": ["4:4"]},
        "sparsity: found '4:4', which keeps 100%, expected N below M",
    ),
    (
        {"sparsity": ["5:4"]},
        "sparsity: found '5:4', which keeps 125%, expected N below M",
    ),
    (
        {"sparsity": [0.5, "2:4"], "methods": ["wanda_variant"]},
        "methods: wanda_variant cannot prune N:M, but sparsity has '2:4'",
    ),
    ({"sparsity": [True]}, f"sparsity: expected {A_SHARE}, found true"),
    ({"sparsity": [math.nan]}, f"sparsity: expected {A_SHARE}, found nan"),
    ({"sparsity": [math.inf]}, f"sparsity: expected {A_SHARE}, found inf"),
    (
        {"within_block": "sequentiel"},
        "within_block: unknown way through a block 'sequentiel', did you mean 'sequential'?",
    ),
    (
        {"within_block": 3},
        "within_block: expected a way through a block or a list of them, found 3",
    ),
    ({"within_block": []}, "within_block: empty, expected at least one"),
    ({"refine": "swap"}, "refine: unknown step 'swap', did you mean 'swaps'?"),
    ({"update": ["refit", "none", "refit"]}, "update: 'refit' occurs twice"),
    (
        {"refine": "swaps"},
        "refine: sparsegpt compensates for its mask, and a refined mask needs update: refit",
    ),
    ({"sparsity": [0.5, 0.50]}, "sparsity: 0.5 occurs twice"),
    ({"seeds": [-1]}, "seeds: found -1, expected at least 0"),
    ({"seeds": [0.0]}, "seeds: expected a whole number, found 0.0"),
    ({"seeds": [False]}, "seeds: expected a whole number, found false"),
    (
        {"calibration": None},
        "calibration: expected a mapping, found nothing (leave the key out for its default)",
    ),
    ({"calibration": {"samples": 0}}, "calibration.samples: found 0, expected at least 1"),
    ({"calibration": {"length": 1}}, "calibration.length: found 1, expected at least 2"),
    (
        {"calibration": {"dataset": "C4"}},
        "calibration.dataset: unknown calibration dataset 'C4', did you mean 'c4'?",
    ),
    (
        {"evaluation": {"dataset": "c4"}},
        "evaluation.dataset: 'c4' has no split 'test', only calibration, validation",
    ),
    (
        {"tune": {"dataset": "wikitext"}},
        "tune.dataset: unknown validation dataset 'wikitext', did you mean 'wikitext2'?",
    ),
    ({"evaluation": {"windows": 0}}, "evaluation.windows: found 0, expected at least 1"),
    ({"evaluation": []}, "evaluation: empty, expected at least one"),
    (
        {"evaluation": [{}, {"length": 2048}]},
        "evaluation: the protocol wikitext2-test-2048 occurs twice",
    ),
    (
        {"evaluation": [{}, {"unit": "word", "tolerance": 0.1}]},
        "evaluation.tolerance: the dense model is checked by the first protocol alone",
    ),
    ({"evaluation": {"stride": 4096}}, "evaluation.stride: found 4096, expected at most 2048"),
    (
        {"evaluation": {"unit": "word", "bos": "windows"}},
        "evaluation.bos: windows is for the unit token, found word",
    ),
    (
        {"evaluation": [{"unit": "wrd"}]},
        "evaluation.unit: unknown unit 'wrd', did you mean 'word'?",
    ),
    (
        {"evaluation": {"split": "calibration"}},
        "evaluation.dataset: 'wikitext2' has no split 'calibration', only test, validation",
    ),
    ({"evaluation": {"tolerance": 1}}, f"evaluation.tolerance: found 1, {FROM_0}"),
    (
        {"evaluation": {"windows": "all"}},
        "evaluation.windows: expected a whole number or null, found 'all'",
    ),
    ({"tasks": ["arceasy"]}, "tasks: unknown task 'arceasy', did you mean 'arc_easy'?"),
    ({"tasks": [""]}, "tasks: '' is not a task's name or a mapping"),
    ({"tasks": ["rte", {"name": "rte"}]}, "tasks: 'rte' occurs twice"),
    (
        {"tasks": ["piqa", "mmlu", "mmlu_astronomy"]},
        "tasks: 'mmlu_astronomy' belongs to 'mmlu' and to 'mmlu_astronomy'",
    ),
    ({"tasks": ["humaneval"]}, "tasks: humaneval: runs code that the model writes"),
    (
        {"tasks": ["squadv2"]},
        "tasks: squadv2: is a class of Python, whose data and prompts no file says",
    ),
    ({"tasks": ["chartqa"]}, "tasks: chartqa: needs a model that sees or hears"),
    ({"tasks": ["babilong_qa1"]}, "tasks: babilong_qa1: makes its data by code of its own"),
    (
        {"tasks": ["xlsum_amharic_prompt_1"]},
        "tasks: xlsum_amharic_prompt_1: its functions need code of the hub (package evaluate)",
    ),
    (
        {"tasks": ["acp_areach_gen"]},
        "tasks: acp_areach_gen: its functions need the package kstar_planner, which is not "
        "installed",
    ),
    (
        {"tasks": [{"name": "wikitext", "shots": 2}]},
        "tasks: wikitext: wikitext has no questions, and takes no shots",
    ),
    (
        {"tasks": [{"name": "truthfulqa_mc1", "shots": 2}]},
        "tasks: truthfulqa_mc1: lm-eval fixes the shots of truthfulqa_mc1 at 0",
    ),
    (
        {"tasks": [{"name": "bbh_cot_fewshot_snarks", "shots": 5}]},
        "tasks: bbh_cot_fewshot_snarks: bbh_cot_fewshot_snarks brings 3 examples, found 5 shots",
    ),
    (
        {"tasks": [{"name": "piqa", "metric": "acc_nrm"}]},
        "tasks.metric: unknown metric of piqa 'acc_nrm', did you mean 'acc_norm'?",
    ),
    ({"tasks": ["piqqa"]}, "tasks: unknown task 'piqqa', did you mean 'piqa'?"),
    (
        {"tasks": [{"limit": 3}]},
        "tasks.name: missing: a task needs its name, or the path of its file",
    ),
    (
        {"tasks": [{"name": "piqa", "examples": 3}]},
        "tasks.examples: unknown key, expected one of path, name, revision, shots, limit, metric",
    ),
    (
        {"tasks": [{"name": "piqa", "revision": "main"}]},
        "tasks.revision: 'main' is not a commit of 40 hexadecimal digits",
    ),
    (
        {"tasks": [{"path": "t.yaml", "name": "piqa"}]},
        "tasks.name: not allowed beside path: the file names the task",
    ),
    ({"tasks": [{"path": "t.yaml"}]}, "tasks.path: file 't.yaml' does not exist"),
    (
        {"tasks": [{"name": "python_attribute", "shots": 3}]},
        "tasks: python_attribute is made on this machine and takes no shots",
    ),
    (
        {"zero_shot": {"bos": "default"}},
        "zero_shot.bos: unknown BOS policy 'default', expected one of none, tokenizer",
    ),
    (
        {"zero_shot": {"bos": None}},
        "zero_shot.bos: found nothing, expected one of none, tokenizer",
    ),
    (
        {"zero_shot": {"engine": "vllm"}},
        "zero_shot.engine: unknown engine 'vllm', expected one of shared, lm_eval",
    ),
    ({"reference": ["a.csv"]}, "reference: file 'a.csv' does not exist"),
    (
        {"reference": {"a": "b"}},
        "reference: expected a CSV file, a list of them, or null, found a mapping",
    ),
    ({"reference": ["a.csv", "a.csv"]}, "reference: 'a.csv' occurs twice"),
    ({"reference": "nowhere.csv"}, "reference: file 'nowhere.csv' does not exist"),
]
