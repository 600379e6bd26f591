"""Remove from the store of finished results what no result refers to, and print what it was."""

import json
import shutil
from pathlib import Path

from heavytail.running.store import ENTRY, unused

STORE = Path("results/store")

if __name__ == "__main__":
    found = unused(STORE)
    for entry, size in found.items():
        described = entry / ENTRY
        rule = json.loads(described.read_text())["rule"] if described.exists() else "half kept"
        print(f"{rule}: {size / 1e6:.1f} MB in {entry}")
        shutil.rmtree(entry)
    total = sum(found.values()) / 1e6
    print(f"{len(found)} removed, {total:.1f} MB" if found else f"{STORE}: nothing to remove")
