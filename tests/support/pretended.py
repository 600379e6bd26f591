"""A pretended accelerator: a device of its own for torch, whose tensors the CPU computes.

It finds what a machine without a GPU never shows: a mask that was left on the CPU, an index made on
the wrong device, a result that was not brought back. It has no streams and no memory of its own.
"""

import torch
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.backend_registration import (
    _DummyBackendModule,
    _setup_privateuseone_for_python_backend,
)

NAME = "pretended"


class Backend(_DummyBackendModule):
    """What torch asks of every device's module, and of this one when autocast is switched off."""

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16]


_setup_privateuseone_for_python_backend(NAME, Backend())
DEVICE = torch.device(NAME, 0)
CPU = torch.device("cpu")
aten = torch.ops.aten
# These may have tensors of two devices.
MOVES = (aten.copy_.default, aten._to_copy.default)
# As on a GPU, indices of these may be on the CPU.
INDEXED = (aten.index.Tensor, aten.index_put.default, aten.index_put_.default)
INDEXED += (aten._index_put_impl_.default,)


class There(torch.Tensor):
    """A tensor on the device; `here` has its content."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, here: torch.Tensor, requires_grad: bool = False):
        shape = {"strides": here.stride(), "storage_offset": here.storage_offset()}
        made = torch.Tensor._make_wrapper_subclass(
            cls, here.shape, dtype=here.dtype, device=DEVICE, requires_grad=requires_grad, **shape
        )
        made.here = here
        return made

    @classmethod
    def __torch_dispatch__(cls, operation, types, arguments=(), keywords=None):
        return compute(operation, *arguments, **(keywords or {}))

    @property
    def data(self):
        """As `detach`, which a wrapper's own would not be."""
        return There(self.here.data)

    @data.setter
    def data(self, other: torch.Tensor) -> None:
        if not isinstance(other, There):
            raise RuntimeError(f"a tensor of {NAME} was given the data of one of {other.device}")
        self.here = other.here

    def tolist(self) -> list:
        return self.here.tolist()

    def __repr__(self):
        return f"There({self.here})"


def compute(operation, *arguments, **keywords):
    """An operation with tensors of the device, or one that makes some there."""
    tensors = [
        leaf for leaf in tree_leaves((arguments, keywords)) if isinstance(leaf, torch.Tensor)
    ]
    there = [tensor for tensor in tensors if isinstance(tensor, There)]
    if there and operation not in MOVES:
        refuse_strangers(operation, arguments, tensors)
    found = operation(*tree_map(brought_here, arguments), **tree_map(brought_here, keywords))
    asked = keywords.get("device")
    goes_there = bool(there) if asked is None else torch.device(asked).type == NAME
    if operation is aten.copy_.default:
        goes_there = isinstance(arguments[0], There)
    if not goes_there:
        return found
    # What is changed in place stays the same object.
    known = {id(tensor.here): tensor for tensor in there}

    def taken_there(value):
        if isinstance(value, torch.Tensor):
            return known[id(value)] if id(value) in known else There(value)
        return value

    return tree_map(taken_there, found)


def refuse_strangers(operation, arguments: tuple, tensors: list[torch.Tensor]) -> None:
    """Raise RuntimeError for a tensor with dimensions of another device."""
    indices = arguments[1] if operation in INDEXED and isinstance(arguments[0], There) else ()
    for tensor in tensors:
        index = any(tensor is one for one in indices)
        if not isinstance(tensor, There) and tensor.dim() and not index:
            raise RuntimeError(f"{operation}: found tensors of {NAME} and of {tensor.device}")


def brought_here(value):
    """An argument of an operation as the CPU computes with it."""
    if isinstance(value, There):
        return value.here
    return CPU if isinstance(value, torch.device) and value.type == NAME else value


# Operations without such a tensor among their arguments come by these ways.
_all = torch.library.Library("_", "IMPL")
_all.fallback(compute, "PrivateUse1")
_own = torch.library.Library("aten", "IMPL")
for _operation in (aten.empty_strided.default, aten.copy_.default):

    def _kernel(*arguments, _operation=_operation, **keywords):
        return compute(_operation, *arguments, **keywords)

    _own.impl(_operation, _kernel, "PrivateUse1")
