"""The epsilon of an allocation for one model, method and sparsity (standard library only)."""

import re
from collections.abc import Iterable
from itertools import product

from heavytail.cells import target_of
from heavytail.config.allocators import ALLOCATORS, OF_METHOD
from heavytail.config.entries import Allocation, Config, Epsilon
from heavytail.config.methods import METHODS
from heavytail.config.mistakes import fail, unknown

# The epsilons with which the scripts of AlphaPruning's repository run (model → method → epsilon).
ALPHAPRUNING = "alphapruning"
_SCRIPTS = {
    "llama-7b": {"magnitude": 0.3, "wanda": 0.2, "sparsegpt": 0.2},
    "llama-13b": {"magnitude": 0.5, "wanda": 0.3, "sparsegpt": 0.3},
    "llama-2-7b": {"magnitude": 0.5, "wanda": 0.3, "sparsegpt": 0.2},
    **{
        model: {"magnitude": 0.4, "wanda": 0.3, "sparsegpt": 0.3}
        for model in ("llama-30b", "llama-65b", "llama-2-13b", "llama-2-70b")
    },
}
# What its program takes without a script.
_DEFAULT = 0.3
_PATTERN = re.compile(r"[1-9][0-9]?:(2|4|8|16|32)")


def alphapruning(model: str, method: str) -> float:
    """AlphaPruning's epsilon of a model, by its name in the config; llama2-7b is llama-2-7b."""
    return _SCRIPTS.get(model.replace("llama2", "llama-2"), {}).get(method, _DEFAULT)


def published(models: Iterable[str], methods: Iterable[str]) -> dict[str, dict[str, float]]:
    """Model → method → AlphaPruning's epsilon."""
    methods = list(methods)
    return {model: {method: alphapruning(model, method) for method in methods} for model in models}


def epsilon_of(epsilon: Epsilon, model: str, method: str, sparsity: float | str) -> float | str:
    """The epsilon of one cell; "tune" if trials choose it.

    Args:
        epsilon: as `complete_epsilon` leaves it.
        model, method, sparsity: of the cell, as the config calls them.

    Raises:
        KeyError: a mapping has no epsilon for the cell; its argument is the key that is missing.
    """
    if epsilon == ALPHAPRUNING:
        return alphapruning(model, method)
    while isinstance(epsilon, dict):
        own = {"method": method, "model": model, "sparsity": str(sparsity)}[_kind(epsilon)]
        epsilon = {str(key): value for key, value in epsilon.items()}[own]
    return epsilon


def complete_epsilon(where: tuple[str, ...], allocation: Allocation, config: Config) -> None:
    """Give an allocation its default epsilon; fail if its own does not fit allocator or cells."""
    axes = (
        allocation.get("models", list(config["models"])),
        allocation.get("methods", config["methods"]),
        allocation.get("sparsities", config["sparsity"]),
    )
    own = ALLOCATORS[allocation["allocator"]].epsilon
    if own is None:
        if "epsilon" in allocation:
            fail(where, f": the allocator {allocation['allocator']} takes no epsilon")
        return
    default: Epsilon
    if own == OF_METHOD:
        default = {method: METHODS[method].epsilon for method in axes[1]}
    elif isinstance(own, dict):
        default = {sparsity: _nearest(own, sparsity) for sparsity in axes[2]}
    else:
        default = own
    epsilon = allocation.setdefault("epsilon", default)
    if epsilon == ALPHAPRUNING and allocation["allocator"] != "spectral":
        fail(where, f": {ALPHAPRUNING!r} is for the allocator spectral")
    _check_keys(where, epsilon, config)
    for cell in product(*axes):
        try:
            epsilon_of(epsilon, *cell)
        except KeyError as error:
            kind = ("model", "method", "sparsity")[[*map(str, cell)].index(error.args[0])]
            fail(where, f".{error.args[0]}: missing: expected an epsilon for each {kind} in use")


def _nearest(by_sparsity: dict[float, float], sparsity: float | str) -> float:
    """The epsilon that is published for the sparsity nearest to this one, or for the lower."""
    target, _ = target_of(sparsity)
    return by_sparsity[min(by_sparsity, key=lambda one: (round(abs(one - target), 9), one))]


def _is_sparsity(key: object) -> bool:
    """Whether a key is a sparsity as the config has it: a share, or N:M."""
    try:
        return 0 < float(str(key)) < 1
    except ValueError:
        return _PATTERN.fullmatch(str(key)) is not None


def _kind(mapping: dict[str | float, Epsilon]) -> str:
    """What the keys of a mapping are: methods, sparsities or else models."""
    if all(key in METHODS for key in mapping):
        return "method"
    return "sparsity" if all(map(_is_sparsity, mapping)) else "model"


def _check_keys(where: tuple[str | float, ...], epsilon: Epsilon, config: Config) -> None:
    """Fail if the keys of a mapping are not all methods, all models or all sparsities."""
    if not isinstance(epsilon, dict):
        return
    known = [*METHODS, *config["models"], *map(str, config["sparsity"])]
    for key in epsilon:
        if str(key) not in known and not _is_sparsity(key):
            fail(where, unknown("method, model or sparsity", key, known))
    if _kind(epsilon) == "model" and any(key not in config["models"] for key in epsilon):
        fail(where, ": found keys of several kinds, expected methods, models or sparsities")
    for key, inner in epsilon.items():
        _check_keys((*where, key), inner, config)
