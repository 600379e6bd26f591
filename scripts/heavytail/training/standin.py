"""Train the stand-in: a small LLaMA on Python source code, on two cores in about two hours.

The recipe is ordinary: AdamW, weight decay 0.1, and a learning rate that warms up, stays constant
and falls linearly to zero. The batch is small on purpose: many noisy steps at a high learning rate
grow the heavy tails that the spectral allocations read (Martin and Mahoney, arXiv 1810.01075).
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from heavytail.io.files import replacing, write_json
from heavytail.models.device import pick

BOS, EOS = "<s>", "</s>"
SAVE_EVERY = 250


@dataclass(frozen=True)
class Recipe:
    """Everything except the text that decides the weights."""

    vocabulary: int = 2048
    hidden: int = 128
    intermediate: int = 352
    heads: int = 4
    key_value_heads: int = 2
    blocks: int = 8
    length: int = 256
    batch: int = 16
    steps: int = 8_000
    warmup: int = 200
    cooldown: float = 0.3
    learning_rate: float = 4e-3
    weight_decay: float = 0.1
    seed: int = 0
    library_repeats: int = 3
    bytes_per_package: int = 8_000_000
    checkpoints: tuple[int, ...] = (500, 1000, 2000, 4000, 8000)


def train_tokenizer(texts: list[str], recipe: Recipe) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer with `recipe.vocabulary` entries; it does not add BOS itself."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=recipe.vocabulary,
        special_tokens=[BOS, EOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token=BOS,
        eos_token=EOS,
        model_max_length=recipe.length,
        clean_up_tokenization_spaces=False,
    )


def encode(tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> torch.Tensor:
    """All texts as one stream of token ids, int32 [tokens], BOS before each text."""
    ids: list[torch.Tensor] = []
    for start in range(0, len(texts), 256):
        batch = tokenizer.backend_tokenizer.encode_batch_fast(texts[start : start + 256])
        for encoding in batch:
            ids.append(torch.tensor([tokenizer.bos_token_id, *encoding.ids], dtype=torch.int32))
    return torch.cat(ids)


def new_model(recipe: Recipe) -> LlamaForCausalLM:
    """A randomly initialised float32 model of the recipe's shape, embeddings tied."""
    torch.manual_seed(recipe.seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=recipe.vocabulary,
            hidden_size=recipe.hidden,
            intermediate_size=recipe.intermediate,
            num_attention_heads=recipe.heads,
            num_key_value_heads=recipe.key_value_heads,
            num_hidden_layers=recipe.blocks,
            max_position_embeddings=recipe.length,
            tie_word_embeddings=True,
            bos_token_id=0,
            eos_token_id=1,
        )
    )


def learning_rate(step: int, recipe: Recipe) -> float:
    """The learning rate: warm-up, constant, then linear to zero in the last `cooldown` share."""
    remaining = (recipe.steps - step) / (recipe.cooldown * recipe.steps)
    return recipe.learning_rate * min(1.0, (step + 1) / recipe.warmup, remaining)


def batch_of(stream: torch.Tensor, step: int, recipe: Recipe) -> torch.Tensor:
    """The step's windows, int64 [batch, length + 1]: a function of seed and step alone."""
    generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + step)
    highest = len(stream) - recipe.length
    starts = torch.randint(highest, (recipe.batch,), generator=generator)
    return torch.stack([stream[s : s + recipe.length + 1] for s in starts]).long()


def loss_of(model: LlamaForCausalLM, windows: torch.Tensor) -> torch.Tensor:
    """Mean next-token cross-entropy in nats; windows int64 [batch, length + 1]."""
    with torch.autocast(windows.device.type, dtype=torch.bfloat16):
        logits = model(input_ids=windows[:, :-1], use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), windows[:, 1:].flatten())


@torch.no_grad()
def held_out_loss(model: LlamaForCausalLM, stream: torch.Tensor, recipe: Recipe) -> float:
    """Mean cross-entropy in nats over the stream's first 128 windows."""
    count = min(128, (len(stream) - 1) // recipe.length)
    starts = [i * recipe.length for i in range(count)]
    windows = torch.stack([stream[s : s + recipe.length + 1] for s in starts]).long()
    parts = windows.to(model.device).split(recipe.batch)
    losses = [loss_of(model, part) for part in parts]
    return float(torch.stack(losses).mean())


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write float16 safetensors, config and tokenizer as a Hugging Face folder."""
    half = LlamaForCausalLM(model.config)
    half.load_state_dict(model.state_dict())
    half.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)


class Training:
    """A model in training, one step at a time; a file can resume it."""

    def __init__(self, recipe: Recipe, stream: torch.Tensor, device: torch.device):
        """Start at step 0 with random weights; `stream` holds the training token ids."""
        self.recipe, self.stream, self.device = recipe, stream, device
        # Transformers wraps `to` so that its type asks for the model once more.
        self.model = new_model(recipe).to(device)  # type: ignore[arg-type]
        self.step, self.loss = 0, math.nan
        self.curve: list[list[float]] = []
        decayed = [p for p in self.model.parameters() if p.ndim > 1]
        plain = [p for p in self.model.parameters() if p.ndim == 1]
        groups = [
            {"params": decayed, "weight_decay": recipe.weight_decay},
            {"params": plain, "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95), fused=True)

    def identity(self) -> str:
        """A digest of the recipe and the text, which a saved state must share to be continued."""
        digest = hashlib.sha256(repr(self.recipe).encode())
        digest.update(self.stream.numpy().tobytes())
        return digest.hexdigest()

    def save_state(self, path: Path) -> None:
        """Write everything that `load_state` needs, completely or not at all."""
        state = {name: getattr(self, name) for name in ("step", "loss", "curve")}
        weights = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
        with replacing(path) as temporary:
            torch.save({"identity": self.identity(), **state, **weights}, temporary)

    def load_state(self, path: Path) -> bool:
        """Continue from the state in `path`; false if it is missing or of another training."""
        saved = torch.load(path, weights_only=True) if path.exists() else {}
        if saved.get("identity") != self.identity():
            return False
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.step, self.loss, self.curve = saved["step"], saved["loss"], saved["curve"]
        return True

    def advance(self) -> None:
        """Take one optimizer step. Raises FloatingPointError if the loss is not finite."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, self.recipe)
        loss = loss_of(self.model, batch_of(self.stream, self.step, self.recipe).to(self.device))
        value = loss.item()
        if not math.isfinite(value):
            raise FloatingPointError(f"the training loss is {value} at step {self.step}")
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.loss = value if math.isnan(self.loss) else 0.98 * self.loss + 0.02 * value
        self.step += 1


def train(
    recipe: Recipe,
    texts: tuple[list[str], list[str]],
    held_out: list[str],
    folder: Path,
    log: Callable[[str], None],
) -> dict[str, Any]:
    """Train, resuming from `folder/state.pt`, and write the model and its checkpoints.

    Args:
        texts: (standard library, installed packages), see `corpus.training_texts`.
        held_out: texts that are only scored.
        folder: receives model/, checkpoints/step-N/, training.json and the resume state.

    Returns the record that is also in training.json.
    """
    library, packages = texts
    tokenizer = train_tokenizer([*library, *packages[:: max(1, len(packages) // 1000)]], recipe)
    stream = encode(tokenizer, [*library * recipe.library_repeats, *packages])
    test = encode(tokenizer, held_out)
    log(f"{len(stream):,} training tokens in the stream, {len(test):,} held out")
    training = Training(recipe, stream, pick())
    if training.load_state(folder / "state.pt"):
        log(f"resuming at step {training.step}")
    while training.step < recipe.steps:
        training.advance()
        if training.step in recipe.checkpoints:
            save(training.model, tokenizer, folder / "checkpoints" / f"step-{training.step}")
        if training.step % SAVE_EVERY == 0 or training.step == recipe.steps:
            scored = held_out_loss(training.model, test, recipe)
            training.curve.append([training.step, round(training.loss, 4), round(scored, 4)])
            log("step {}: training loss {}, held-out loss {}".format(*training.curve[-1]))
            training.save_state(folder / "state.pt")
    save(training.model, tokenizer, folder / "model")
    record = {
        "recipe": asdict(recipe),
        "parameters": sum(p.numel() for p in training.model.parameters()),
        "stream_tokens": len(stream),
        "tokens_seen": recipe.steps * recipe.batch * recipe.length,
        "curve": training.curve,
    }
    write_json(folder / "training.json", record)
    return record
