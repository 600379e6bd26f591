"""Bad settings of models and the line that each gets."""

from support.bad_settings import A_NAME, ALPHAS, HUB, alphas, model

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
