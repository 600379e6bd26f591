"""Which tensor of a checkpoint is which parameter of its model, by transformers' own rules.

Old checkpoints have old names, some lack the prefix of the base model, and of tied weights one may
be stored under either name.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from transformers import PreTrainedModel
from transformers.conversion_mapping import get_model_conversion_mapping
from transformers.core_model_loading import WeightConverter, WeightRenaming, rename_source_key
from transformers.utils.loading_report import LoadStateDictInfo


@dataclass
class Naming:
    """Where the parameters and persistent buffers of a model are in a checkpoint.

    Attributes:
        stored: name in the model → name in the checkpoint.
        twice: the tensors of the checkpoint that stand for what another one stands for.
        left: the tensors that the model has no place for.
        missing: what the model has and the checkpoint lacks.
    """

    stored: dict[str, str] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)
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
        if renamed not in wanted or converted is not None:
            found.left.append(name)
        elif found.stored.setdefault(renamed, name) != name:
            found.twice.append(name)
    for tied, source in model.all_tied_weights_keys.items():
        for one, other in ((tied, source), (source, tied)):
            if one not in found.stored and other in found.stored:
                found.stored[one] = found.stored[other]
    both = LoadStateDictInfo(
        missing_keys=set(wanted) - set(found.stored),
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
