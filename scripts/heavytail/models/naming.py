"""Which tensor of a checkpoint is which parameter of its model, by transformers' own rules.

Old checkpoints have old names, some lack the prefix of the base model, and of tied weights one may
be stored under either name. The weights of experts are one parameter, and mostly many tensors.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from transformers import PreTrainedModel
from transformers.conversion_mapping import get_model_conversion_mapping
from transformers.core_model_loading import (
    Concatenate,
    MergeModulelist,
    WeightConverter,
    WeightRenaming,
    rename_source_key,
)
from transformers.utils.loading_report import LoadStateDictInfo

# Experts are stacked; then parts of their rows, such as gate and up, are put below each other.
JOINED = ((MergeModulelist, 0), (Concatenate, 1))
# Of a parameter [experts, rows, columns]: the expert, and which part of its rows.
Piece = tuple[int, int]


@dataclass
class Naming:
    """Where the parameters and persistent buffers of a model are in a checkpoint.

    Attributes:
        stored: name in the model → name in the checkpoint.
        pieces: name in the model → piece → name in the checkpoint, of what is stored by expert.
        twice: the tensors of the checkpoint that stand for what another one stands for.
        changed: those that transformers turns or cuts as it loads them.
        left: the tensors that the model has no place for.
        missing: what the model has and the checkpoint lacks.
    """

    stored: dict[str, str] = field(default_factory=dict)
    pieces: dict[str, dict[Piece, str]] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def naming(model: PreTrainedModel, names: Iterable[str]) -> Naming:
    """The names of a model's parameters in a checkpoint that has tensors of these names.

    What transformers itself passes over is neither left nor missing: buffers that old releases
    stored, for one.

    Args:
        model: described by its config.json; it need not have weights.
        names: of the tensors of the checkpoint.
    """
    found, wanted = Naming(), model.state_dict()
    rules = get_model_conversion_mapping(model)
    renamings = [rule for rule in rules if isinstance(rule, WeightRenaming)]
    converters = [rule for rule in rules if isinstance(rule, WeightConverter)]
    base = model.base_model_prefix, wanted
    for name in sorted(names):
        renamed, converted = rename_source_key(name, renamings, converters, *base)
        if renamed not in wanted and name in wanted:
            renamed, converted = rename_source_key(name, [], [], *base)
        piece = _piece(name, converted, converters) if converted else None
        if renamed not in wanted:
            found.left.append(name)
        elif converted and not piece:
            found.changed.append(name)
        elif piece:
            own = found.pieces.setdefault(renamed, {})
            if own.setdefault(piece, name) != name:
                found.twice.append(name)
        elif found.stored.setdefault(renamed, name) != name:
            found.twice.append(name)
    for tied, source in model.all_tied_weights_keys.items():
        for one, other in ((tied, source), (source, tied)):
            if one not in found.stored and other in found.stored:
                found.stored[one] = found.stored[other]
    whole = {name for name, own in found.pieces.items() if _is_whole(own, len(wanted[name]))}
    both = LoadStateDictInfo(
        missing_keys=set(wanted) - set(found.stored) - whole,
        unexpected_keys=set(found.left),
        mismatched_keys=set(),
        conversion_errors={},
        error_msgs=[],
        skipped_pp_keys=set(),
    )
    model._adjust_missing_and_unexpected_keys(both)
    found.missing = [name for name in wanted if name in both.missing_keys]
    found.left = [name for name in found.left if name in both.unexpected_keys]
    return found


def _piece(name: str, pattern: str, converters: list[WeightConverter]) -> Piece | None:
    """Which piece a tensor of a checkpoint is; None if more is done to it than to join pieces.

    Args:
        name: of the tensor.
        pattern: the source pattern that it has in one of the converters.
        converters: of the model.
    """
    rule = next(rule for rule in converters if pattern in rule.source_patterns)
    numbers = [part for part in name.split(".") if part.isdecimal()]
    joins = [(type(step), getattr(step, "dim", None)) for step in rule.operations]
    if "*" not in pattern or joins not in ([JOINED[0]], [*JOINED]):
        return None
    return int(numbers[-1]), rule.source_patterns.index(pattern)


def _is_whole(pieces: dict[Piece, str], experts: int) -> bool:
    """Whether every expert has every part."""
    parts = 1 + max(part for _, part in pieces)
    return pieces.keys() == {(expert, part) for expert in range(experts) for part in range(parts)}
