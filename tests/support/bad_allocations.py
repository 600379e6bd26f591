"""Bad allocations of a config and the line that each gets, as in bad_settings.py."""

from heavytail.config.groupings import GROUPINGS, PROJECTIONS
from support.bad_settings import A_NAME, A_PART, ALPHAS, FROM_0, HUB, allocation, model

BAD_ALLOCATIONS = [
    ({"allocations": {}}, "allocations: empty, expected at least one"),
    ({"allocations": {"x": None}}, "allocations.x: expected a mapping, found nothing"),
    ({"allocations": {"x y": {"grouping": "gt"}}}, f"allocations: 'x y' is not {A_NAME}"),
    (
        allocation(),
        "allocations.x.grouping: missing: an allocator that reads a metric needs a grouping or a "
        "list of projections",
    ),
    (allocation(groupng="gt"), "allocations.x.groupng: unknown key, did you mean 'grouping'?"),
    (
        allocation(allocator="unifrm"),
        "allocations.x.allocator: unknown allocator 'unifrm', did you mean 'uniform'?",
    ),
    *(
        (
            allocation(allocator="uniform", **{key: value}),
            f"allocations.x.{key}: not allowed: this allocator reads no metric",
        )
        for key, value in (("metric", "entropy"), ("grouping", "gt"), ("mapping", "block"))
    ),
    *(
        (
            allocation(allocator="uniform", **{key: value}),
            f"allocations.x.{key}: not allowed: uniform gives one ratio to all",
        )
        for key, value in (
            *(("epsilon", 0.1), ("segments", "own"), ("blend", {"weight": 0.5})),
            ("bounds", [0, 1]),
        )
    ),
    (
        allocation(allocator="owl", grouping="gt"),
        "allocations.x.grouping: not allowed: this allocator reads no metric",
    ),
    (
        allocation(grouping="gt", mapping="matrx"),
        "allocations.x.mapping: unknown mapping 'matrx', did you mean 'matrix'?",
    ),
    (
        allocation(grouping="qk", mapping="matrix"),
        "allocations.x.mapping: 'matrix' maps every matrix by its own metric, expected the "
        "grouping 'gt'",
    ),
    (
        allocation(grouping="qkv", mapping="attention_mlp"),
        "allocations.x.mapping: 'attention_mlp' needs a projection of the MLP in the grouping",
    ),
    (
        allocation(grouping="gt", segments="owm"),
        "allocations.x.segments: unknown model 'owm', did you mean 'own'?",
    ),
    (
        allocation(grouping="tune"),
        "tune.grouping: empty, expected candidates for allocations.x",
    ),
    (
        allocation(grouping="gt", metric="tune"),
        "tune.metric: empty, expected candidates for allocations.x",
    ),
    (
        allocation(grouping="gt", metric="tune") | {"tune": {"metric": ["alpha_pek"]}},
        "tune.metric: unknown metric 'alpha_pek', did you mean 'alpha_peak'?",
    ),
    (
        allocation(grouping="tune") | {"tune": {"grouping": "al"}},
        "tune.grouping: 'al' is not a list of groupings or 'all'",
    ),
    (
        allocation(grouping="tune") | {"tune": {"grouping": ["gt", "qkvo"]}},
        "tune.grouping: unknown grouping 'qkvo', did you mean 'qkvout'?",
    ),
    *(
        (allocation(grouping="tune") | {"tune": {"grouping": groupings}}, f"tune.grouping: {line}")
        for groupings, line in [
            (["gt", None], "expected a grouping or a list of projections, found nothing"),
            ([3], "expected a grouping or a list of projections, found 3"),
            ([[]], "empty, expected at least one"),
            ([["q_proj", "q_proj"]], "'q_proj' occurs twice"),
            (["v", ["k_proj", "q_proj"], "qk"], "'qk' and 'qk' are the same projections"),
            (
                [["k_proj", "up_proj"], ["up_proj", "k_proj"]],
                "'k_proj+up_proj' and 'up_proj+k_proj' are the same projections",
            ),
        ]
    ),
    (
        allocation(grouping="tune", mapping="matrix") | {"tune": {"grouping": ["gt", "qk"]}},
        "allocations.x.mapping: 'matrix' maps every matrix by its own metric, expected the "
        "grouping 'gt'",
    ),
    (
        allocation(grouping="gt", models=["b"]),
        "allocations.x.models: unknown model 'b', expected one of a",
    ),
    (
        allocation(grouping="gt", models=[["a"]]),
        "allocations.x.models: found a list, expected one of a",
    ),
    (
        allocation(grouping="gt", methods=["wnda"]),
        "allocations.x.methods: unknown method 'wnda', did you mean 'wanda'?",
    ),
    (
        allocation(grouping="gt", blend={}),
        "allocations.x.blend.weight: missing: a blend mixes the ratios, by a weight, with others "
        "that spare blocks with large gradients",
    ),
    (
        allocation(grouping="gt", blend={"weight": 1}),
        f"allocations.x.blend.weight: found 1, {A_PART}",
    ),
    (
        allocation(grouping="gt", blend={"weight": 0.5, "importance": "block"}),
        "allocations.x.blend.importance: unknown importance 'block', did you mean 'blocks'?",
    ),
    (
        allocation(grouping="gt", metric="alpha_pek"),
        "allocations.x.metric: unknown metric 'alpha_pek', did you mean 'alpha_peak'?",
    ),
    (
        allocation(grouping="qkvo"),
        "allocations.x.grouping: unknown grouping 'qkvo', did you mean 'qkvout'?",
    ),
    (
        allocation(grouping="QKV"),
        "allocations.x.grouping: unknown grouping 'QKV', did you mean 'qkv'?",
    ),
    (
        allocation(grouping="zzz"),
        f"allocations.x.grouping: unknown grouping 'zzz', expected one of {', '.join(GROUPINGS)}",
    ),
    (
        allocation(grouping=["q"]),
        "allocations.x.grouping: unknown projection 'q', did you mean 'q_proj'?",
    ),
    (
        allocation(grouping=[["q_proj"]]),
        f"allocations.x.grouping: found a list, expected one of {', '.join(PROJECTIONS)}",
    ),
    (allocation(grouping=[]), "allocations.x.grouping: empty, expected at least one"),
    (
        allocation(grouping=["q_proj", "q_proj"]),
        "allocations.x.grouping: 'q_proj' occurs twice",
    ),
    (
        allocation(grouping=3),
        "allocations.x.grouping: expected a grouping or a list of projections, found 3",
    ),
    *(
        (allocation(grouping="gt", epsilon=own), f"allocations.x.epsilon: found {own}, {FROM_0}")
        for own in (1.5, 1, -0.1)
    ),
    (
        allocation(grouping="gt", epsilon="0.2"),
        "allocations.x.epsilon: '0.2' is not a number, a mapping, 'alphapruning' or 'tune'",
    ),
    (
        allocation(grouping="gt", epsilon={"wandda": 0.2}),
        "allocations.x.epsilon: unknown method, model or sparsity 'wandda', did you mean 'wanda'?",
    ),
    (
        allocation(grouping="gt", epsilon={"wanda": 2}),
        f"allocations.x.epsilon.wanda: found 2, {FROM_0}",
    ),
    (
        allocation(grouping="gt", epsilon={"magnitude": 0.3, "wanda": 0.2}),
        "allocations.x.epsilon.sparsegpt: missing: expected an epsilon for each method in use",
    ),
    (
        allocation(grouping="gt", epsilon={"a": {"0.6": 0.1}}),
        "allocations.x.epsilon.0.7: missing: expected an epsilon for each sparsity in use",
    ),
    (
        allocation(grouping="gt", epsilon={0.7: {"wanda": {"a": 1}}}),
        f"allocations.x.epsilon.0.7.wanda.a: found 1, {FROM_0}",
    ),
    (
        allocation(grouping="gt", epsilon={"wanda": 0.2, "a": 0.1}),
        "allocations.x.epsilon: found keys of several kinds, expected methods, models or "
        "sparsities",
    ),
    (
        allocation(allocator="owl", epsilon="alphapruning"),
        "allocations.x.epsilon: 'alphapruning' is for the allocator spectral",
    ),
    (
        allocation(grouping="gt", sparsities=[0.6]),
        "allocations.x.sparsities: found 0.6, expected one of 0.7",
    ),
    (
        allocation(allocator="owl", outlier=21),
        "allocations.x.outlier: found 21, expected a number from 1 to below 21",
    ),
    (
        allocation(allocator="dlp", outlier=5),
        "allocations.x.outlier: not allowed: only the allocator owl reads it",
    ),
    (
        allocation(allocator="dlp", statistic="mode"),
        "allocations.x.statistic: unknown statistic 'mode', expected one of median, mean",
    ),
    *(
        (
            allocation(grouping="gt", bounds=bounds),
            f"allocations.x.bounds: found {bounds}, expected two shares, the lower one first",
        )
        for bounds in ([0.6], [0.8, 0.6], [-0.1, 0.8], [0.5, 1.1], [0.5, "0.9"])
    ),
    (
        allocation(grouping="gt", bounds=[0.71, 0.9]),
        "allocations.x.bounds: found [0.71, 0.9], which cannot hold the target 0.7",
    ),
    (
        allocation(allocator="er_plus", bounds=[0, 0.8]),
        "allocations.x.bounds: not allowed: er_plus keeps the last matrix whole",
    ),
    (
        allocation(allocator="given"),
        "allocations.x.file: missing: expected what the allocator given reads",
    ),
    (
        allocation(allocator="given", file="nowhere.csv"),
        "allocations.x.file: file 'nowhere.csv' does not exist",
    ),
    (
        allocation(allocator="owl", file="a-file"),
        "allocations.x.file: not allowed: only the allocator given reads it",
    ),
]
WEIGHTS_NEEDED = "needs weights, but models.a has only alphas"
BAD_ALLOCATIONS += [
    (model(**ALPHAS) | {"allocations": {"x": settings}}, f"allocations.x.{line} {WEIGHTS_NEEDED}")
    for settings, line in [
        ({"grouping": "gt", "metric": "entropy"}, "metric: 'entropy'"),
        ({"allocator": "owl"}, "allocator: 'owl'"),
        ({"allocator": "dlp"}, "allocator: 'dlp'"),
        ({"allocator": "lamp"}, "allocator: 'lamp'"),
        ({"allocator": "lsa"}, "allocator: 'lsa'"),
        ({"grouping": "gt", "epsilon": "tune"}, "epsilon: 'tune'"),
        ({"grouping": "gt", "segments": "own"}, "segments: 'own'"),
        ({"grouping": "gt", "blend": {"weight": 0.5}}, "blend: a mapping"),
    ]
]
BAD_ALLOCATIONS.append(
    (
        {
            "models": {"a": ALPHAS, "b": HUB},
            "allocations": {"x": {"grouping": "gt", "segments": "a", "models": ["b"]}},
        },
        "allocations.x.segments: models.a has no segments, and no weights by which to find them",
    )
)
