"""Jobs that are killed at a known moment."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from support.project import ROOT

ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT / "scripts")}
# However busy the machine is, no further block is kept.
WAIT_AFTER = """
import time
from heavytail.io.parts import Parts
put = Parts.put
def put_and_wait(self, block, *kept):
    put(self, block, *kept)
    if block == {block}:
        time.sleep(600)
Parts.put = put_and_wait
"""


def kill_after(block: int, output: Path, program: str, *arguments: str) -> None:
    """Run a Python program that imports from scripts/ until it has kept a block, then kill it.

    Args:
        block: its index.
        output: what the program would write in the end.
        program: Python source.
        arguments: its own.
    """
    command = [sys.executable, "-c", WAIT_AFTER.format(block=block) + program, *arguments]
    job = subprocess.Popen(command, env=ENVIRONMENT)
    while not (output.with_name(f".{output.name}.blocks") / f"{block}.safetensors").exists():
        assert job.poll() is None
        time.sleep(0.01)
    job.kill()
    assert job.wait() == -signal.SIGKILL and not output.exists()
