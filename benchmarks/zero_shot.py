"""Zero-shot through contexts that are shared, against lm-eval's own path; prints a table.

./run python benchmarks/zero_shot.py [MODEL_FOLDER [DTYPE]]      # the stand-in, in float32
"""

import subprocess
import sys
import time
from pathlib import Path

# Beside the package, as in a job.
sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import torch
from lm_eval.models.huggingface import HFLM
from transformers import AutoModelForCausalLM, AutoTokenizer

from heavytail.evaluation.shared_contexts import SharedContextScorer
from heavytail.evaluation.zero_shot import BATCH, SOFTMAX_DTYPE

STANDIN = Path(__file__).parents[1] / "resources/standin"
# Task → questions, tokens of a context, of an ending, endings, and what part of the contexts is
# alike: about the means of the task with LLaMA's tokenizer.
SHAPES = {
    "four endings of 25 tokens": (48, 75, 25, 4, 1.0),
    "arc_challenge": (48, 30, 6, 4, 1.0),
    "arc_easy": (48, 25, 5, 4, 1.0),
    "boolq": (24, 130, 1, 2, 1.0),
    "hellaswag": (24, 60, 30, 4, 1.0),
    "openbookqa": (48, 15, 5, 4, 1.0),
    "rte": (48, 80, 1, 2, 1.0),
    "winogrande": (48, 16, 8, 2, 0.9),
}
REPEATS = 3
ENGINES = {"lm_eval": HFLM, "shared": SharedContextScorer}


def requests(questions: int, context: int, ending: int, choices: int, alike: float) -> list:
    """Questions of random tokens; lengths vary by a half around their means."""
    generator = torch.Generator().manual_seed(0)

    def tokens(mean: int) -> list[int]:
        length = torch.randint(max(1, mean // 2), 3 * mean // 2 + 1, (), generator=generator)
        return torch.randint(0, 256, (int(length),), generator=generator).tolist()

    found = []
    for question in range(questions):
        begun = tokens(context)
        shared = int(alike * len(begun))
        for choice in range(choices):
            own = begun[:shared] + [choice] * (len(begun) - shared)
            found.append(((f"{question} {own}", f"{choice}"), own, tokens(ending)))
    return found


def seconds(scorer: HFLM, asked: list) -> tuple[float, list[tuple[float, bool]]]:
    """CPU seconds, the least of some runs."""
    least = float("inf")
    for _ in range(REPEATS):
        start = time.process_time()
        found = scorer._loglikelihood_tokens(asked, disable_tqdm=True)
        least = min(least, time.process_time() - start)
    return least, found


def engine(kind: type[HFLM], folder: str, dtype: str) -> HFLM:
    """The model behind one of the two engines."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype)).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return kind(
        batch_size=BATCH, pretrained=model, tokenizer=tokenizer, softmax_dtype=SOFTMAX_DTYPE
    )


def peak(kind: str, folder: str, dtype: str) -> None:
    """Print the highest resident memory of this process in MB, after all shapes with one engine."""
    scorer = engine(ENGINES[kind], folder, dtype)
    for shape in SHAPES.values():
        scorer._loglikelihood_tokens(requests(*shape), disable_tqdm=True)
    with open("/proc/self/status") as lines:
        told = next(line for line in lines if line.startswith("VmHWM"))
    print(round(int(told.split()[1]) * 1024 / 1e6))


def peaks(folder: str, dtype: str) -> list[str]:
    """What `peak` prints for each engine, in a process of its own."""
    command = [sys.executable, __file__, "--peak"]
    return [
        subprocess.check_output([*command, kind, folder, dtype], text=True).split()[-1]
        for kind in ENGINES
    ]


def main(folder: str, dtype: str) -> None:
    """Print a row per shape."""
    # One thread and its own time: other processes then change little.
    torch.set_num_threads(1)
    engines = [engine(kind, folder, dtype) for kind in ENGINES.values()]
    print("| shape | lm-eval, s | shared, s | ratio | largest difference, nats | same choice |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, (questions, context, ending, choices, alike) in SHAPES.items():
        asked = requests(questions, context, ending, choices, alike)
        (theirs, expected), (ours, found) = (seconds(engine, asked) for engine in engines)
        logs = torch.tensor([[log for log, _ in scores] for scores in (expected, found)])
        logs = logs.view(2, questions, choices)
        same = int((logs[0].argmax(-1) == logs[1].argmax(-1)).sum())
        difference = float((logs[0] - logs[1]).abs().max())
        row = f"{theirs:.2f} | {ours:.2f} | {theirs / ours:.2f} | {difference:.0e}"
        print(f"| {name} | {row} | {same} of {questions} |", flush=True)
    theirs_mb, ours_mb = peaks(folder, dtype)
    print(f"\nPeak memory of the process: lm-eval {theirs_mb} MB, shared {ours_mb} MB.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peak"]:
        torch.set_num_threads(1)
        peak(*sys.argv[2:])
    else:
        main(*(sys.argv[1:] + [str(STANDIN), "float32"][len(sys.argv) - 1 :]))
