"""What the checked config is made of, and what of it rules hand to jobs (standard library only).

The keys are those of config/schema.yaml. A key that is not required is one that a user may leave
out and that has no default, or one that another key bars.
"""

from typing import Any, Literal, NotRequired, TypedDict


class Alphas(TypedDict):
    """Published alphas in place of a model's weights."""

    file: str
    order: list[str]


class Model(TypedDict, total=False):
    """A model: of a local `path`, or of a `hub` repository at a `revision`."""

    path: str
    hub: str
    revision: str
    segments: str
    alphas: Alphas
    perplexity: float
    bos: str


class OwnText(TypedDict):
    """A text of the config: a local `path`, or `files` of a `hub` repository at a `revision`."""

    path: NotRequired[str | dict[str, str]]
    hub: NotRequired[str]
    revision: NotRequired[str]
    files: NotRequired[str | dict[str, str]]
    field: NotRequired[str]
    splits: NotRequired[dict[str, float]]
    seed: NotRequired[int]


class Blend(TypedDict):
    """How the ratios of an allocation are mixed with those that gradients give."""

    weight: float
    importance: str


# An epsilon, or one for each method, model or sparsity, up to three deep.
Epsilon = float | str | dict[str | float, Any]


class Allocation(TypedDict):
    """How the target sparsity is spread over the matrices."""

    allocator: str
    metric: NotRequired[str]
    grouping: NotRequired[str | list[str]]
    models: NotRequired[list[str]]
    methods: NotRequired[list[str]]
    sparsities: NotRequired[list[float | str]]
    mapping: NotRequired[str]
    segments: NotRequired[str]
    blend: NotRequired[Blend]
    epsilon: NotRequired[Epsilon]
    bounds: NotRequired[list[float]]
    outlier: NotRequired[int]
    statistic: NotRequired[str]
    parts: NotRequired[str]
    file: NotRequired[str]
    step: NotRequired[int]
    start: NotRequired[str]
    population: NotRequired[int]
    generations: NotRequired[int]
    tokens: NotRequired[list[int]]
    levels: NotRequired[int]
    seed: NotRequired[int]


class Calibration(TypedDict):
    """The text that calibrated methods read, or a mixture: text → weight."""

    dataset: str | dict[str, float]
    draw: Literal["documents", "stream"]
    samples: int
    length: int


class Evaluation(TypedDict):
    """A protocol by which perplexity is measured."""

    dataset: str
    split: Literal["test", "validation", "calibration"]
    length: int
    stride: int | None
    windows: int | None
    bos: Literal["tokenizer", "none", "windows"]
    unit: Literal["token", "word", "byte"]
    tolerance: float


class Segments(TypedDict):
    """How a model's segments are found."""

    count: int
    windows: int


class Tune(TypedDict):
    """What trials choose from, and the text that they are scored on."""

    epsilon: list[float]
    grouping: list[str | list[str]]
    metric: list[str]
    dataset: str | None
    length: int
    windows: int


class Gradients(TypedDict):
    """The gradients that a blend reads."""

    windows: int


class Hessian(TypedDict):
    """The Hessians that the diagnostics measure."""

    eigenvalues: int
    windows: int


class ZeroShot(TypedDict):
    """How the zero-shot tasks are scored."""

    bos: str
    engine: str


class Config(TypedDict):
    """The whole config, every default filled in."""

    models: dict[str, Model]
    texts: dict[str, OwnText]
    methods: list[str]
    within_block: list[str]
    refine: list[str]
    update: list[str]
    allocations: dict[str, Allocation]
    sparsity: list[float | str]
    seeds: list[int]
    artifacts: Literal["keep", "temporary"]
    calibration: Calibration
    evaluation: list[Evaluation]
    segments: Segments
    tune: Tune
    gradients: Gradients
    hessian: Hessian
    tasks: list[str | dict[str, Any]]
    zero_shot: ZeroShot
    reference: list[str]


class Candidate(TypedDict, total=False):
    """What one candidate of trials sets in an allocation's settings."""

    epsilon: float
    grouping: str
    projections: list[str]
    metric: str
    direction: int
    family: str


class TextSource(TypedDict):
    """Where a split of a text lies.

    Attributes:
        hub: the repository, OWNER/NAME; a local text has none.
        revision: a commit.
        file: what holds the split: a file of the repository, or a local file, folder or glob.
        field: the column that has a document's text.
        split: its name.
        shares: split → its share of the documents, if several splits lie in the file.
        seed: draws which documents these are.
    """

    hub: NotRequired[str]
    revision: NotRequired[str]
    file: str
    field: str
    split: str
    shares: NotRequired[dict[str, float]]
    seed: NotRequired[int]
