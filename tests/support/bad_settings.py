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
BAD_MODELS = [
    ({"models": None}, "models: expected a mapping, found nothing"),
    ({"models": {}}, "models: empty, expected at least one"),
    ({"models": {1: HUB}}, f"models: expected {A_NAME}, found 1"),
    ({"models": {"a/b": HUB}}, f"models: 'a/b' is not {A_NAME}"),
    ({"models": {"..": HUB}}, f"models: '..' is not {A_NAME}"),
    ({"models": {"a\n": HUB}}, f"models: 'a\\n' is not {A_NAME}"),
    (
        {"models": {"summary": HUB}},
        "models: no model can be called cells, reference, significance, summary or zero_shot: "
        "tables have these names",
    ),
    ({"models": {"a": None}}, "models.a: expected a mapping, found nothing"),
    ({"models": {"a": "x/y"}}, "models.a: expected a mapping, found 'x/y'"),
    (model(pth="x"), "models.a.pth: unknown key, did you mean 'path'?"),
    (model(), "models.a.path: missing: a model needs a local path, or hub and revision"),
    (model(path=""), "models.a.path: '' is not a folder"),
    (model(path=None), "models.a.path: expected a folder, found nothing"),
    (
        model(path="x", **HUB),
        "models.a.path: not allowed beside hub: a model has one of the two",
    ),
    (model(path="x", revision=HUB["revision"]), "models.a.revision: not allowed without hub"),
    (
        model(hub="owner/model"),
        "models.a.revision: missing: a model of the hub needs its commit, 40 hexadecimal digits",
    ),
    (
        model(**HUB | {"revision": "main"}),
        "models.a.revision: 'main' is not a commit of 40 hexadecimal digits",
    ),
    (
        model(**HUB | {"revision": int("1" * 40)}),
        f"models.a.revision: expected a commit of 40 hexadecimal digits, found {'1' * 40}",
    ),
    (
        model(**HUB | {"hub": "model"}),
        "models.a.hub: 'model' is not a hub repository, OWNER/NAME",
    ),
    (model(**HUB, segments="x.json"), "models.a.segments: file 'x.json' does not exist"),
    (model(path="x/y"), "models.a.path: folder 'x/y' does not exist"),
    (model(path="a-file"), "models.a.path: folder 'a-file' does not exist"),
    (model(path="empty"), "models.a.path: 'empty' has no config.json"),
    (model(path="weightless"), "models.a.path: 'weightless' has no *.safetensors file"),
    (
        {"models": {"a": HUB, "a-ratios": HUB}},
        "models: no model can be called 'a-ratios': a table of 'a' has this name",
    ),
    (model(**HUB, perplexity=0.5), "models.a.perplexity: found 0.5, expected at least 1"),
    (model(**HUB, perplexity="5.68"), "models.a.perplexity: expected a number, found '5.68'"),
    (
        model(**HUB, bos="always"),
        "models.a.bos: unknown BOS policy 'always', expected one of none, tokenizer",
    ),
    (
        model(**ALPHAS, bos="none"),
        "models.a.bos: not allowed beside alphas, which take the place of weights",
    ),
    (
        model(**ALPHAS, perplexity=5.68),
        "models.a.perplexity: not allowed beside alphas, which take the place of weights",
    ),
    (model(**HUB, alphas=ALPHAS["alphas"]), "models.a.alphas: not allowed beside hub"),
    (model(path="empty", alphas=ALPHAS["alphas"]), "models.a.path: 'empty' has no config.json"),
    (
        model(path="weightless", alphas={"file": "a.npy"}),
        "models.a.alphas.order: missing: alphas are published alpha_peak values in place of "
        "weights: their file, and the order of the projections in it; the workflow then reads only "
        "config.json in path, and makes ratios for the model but no cells",
    ),
    (alphas(file="b.npy"), "models.a.alphas.file: file 'b.npy' does not exist"),
    (alphas(file="a-file"), "models.a.alphas.file: 'a-file' is not a .npy file"),
    (
        alphas(order=["q"]),
        "models.a.alphas.order: unknown projection 'q', did you mean 'q_proj'?",
    ),
    (
        alphas(order=["q_proj", "q_proj"]),
        "models.a.alphas.order: 'q_proj' occurs twice",
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
