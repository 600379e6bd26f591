"""lm-eval's model of transformers, which notices if a model says nan where it generates."""

from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM


class WatchedScorer(HFLM):
    """The same, but `generated_nan` says whether a logit was nan.

    A model that says nan generates some token all the same, and its texts score like a guess.
    """

    generated_nan = False

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """The texts that the model generates."""

        def look(_module: object, _inputs: object, said: Any) -> None:
            self.generated_nan |= bool(said.logits[:, -1].isnan().any())

        handle = self.model.register_forward_hook(look)
        try:
            return super().generate_until(requests, disable_tqdm)
        finally:
            handle.remove()
