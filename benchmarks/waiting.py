"""Two threads beside busy processes, by how threads wait for each other; prints README.md's table.

./run python benchmarks/waiting.py
"""

import os
import subprocess
import sys

ROUNDS, THREADS = 400, 2
POLICIES = {"PASSIVE, as jobs have it": "PASSIVE", "torch's default": None}
BUSY = (0, 1, 2)
# A projection of a small model, and what stands around it.
WORK = f"""
import time, torch
torch.set_num_threads({THREADS})
hidden, weight = torch.randn(512, 576).bfloat16(), torch.randn(576, 1536).bfloat16()
scores = torch.randn(512, 1536)
def work():
    torch.nn.functional.silu(hidden @ weight).add_(1)
    torch.softmax(scores, 1)
for _ in range(5):
    work()
start = time.perf_counter()
for _ in range({ROUNDS}):
    work()
print(time.perf_counter() - start)
"""


def seconds(policy: str | None, busy: int) -> float:
    """The work's time with such a policy beside so many processes that do nothing but compute."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    if policy:
        environment["OMP_WAIT_POLICY"] = policy
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
    try:
        command = [sys.executable, "-c", WORK]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return float(done.stdout)
    finally:
        for other in others:
            other.kill()
            other.wait()


def main() -> None:
    """Measure every policy and print the table."""
    print(f"| seconds, beside | {' | '.join(f'{busy} busy' for busy in BUSY)} |")
    print(f"|:--|{'--:|' * len(BUSY)}")
    for name, policy in POLICIES.items():
        row = [f"{seconds(policy, busy):.1f}" for busy in BUSY]
        print(f"| {name} | {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
