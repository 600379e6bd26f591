"""Many small operations that a GPU is given at once."""

from collections.abc import Callable

import torch


class Recorded:
    """A function of tensors of fixed shapes, recorded as a CUDA graph when this is made.

    A GPU does an operation on some thousand numbers in a tenth of the time that it takes to be
    given one. The recording is given as a whole, and computes what the function does, bit by bit.
    """

    def __init__(self, function: Callable[..., torch.Tensor], *arguments: torch.Tensor):
        """Record.

        Args:
            function: of tensors, of which it changes the first; it waits for no result.
            arguments: of the shapes and dtypes to come, on a GPU; they are kept and changed.
        """
        self._arguments = arguments
        # What libraries do once is no part of the recording.
        function(*arguments)
        self._graph = torch.cuda.CUDAGraph()
        # A thread that loads weights meanwhile may go on.
        with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
            self._result = function(*arguments)

    def __call__(self, changed: torch.Tensor, *others: torch.Tensor) -> torch.Tensor:
        """The function's result, valid until the next call; the first argument is changed."""
        for own, given in zip(self._arguments, (changed, *others), strict=True):
            own.copy_(given)
        self._graph.replay()
        changed.copy_(self._arguments[0])
        return self._result
