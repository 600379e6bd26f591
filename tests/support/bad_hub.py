"""Answers of the hub and the line that each gets. Tests run them, and config/errors.md shows them.

A line that ends in … continues in the words of a library, or with checksums.
"""

from dataclasses import dataclass, field

from heavytail.config.texts import TEXTS as ROWS
from heavytail.config.texts import source_of
from support.hub_server import INVALID, RESTRICTED, REVISION, STRANGER, TOKEN, Fault

MODEL, WEIGHTS = f"a/b at {REVISION}", f"a/b/resolve/{REVISION}/model.safetensors"
TEXT = source_of(ROWS["wikitext2"], "validation")
DATA = f"{TEXT['hub']} at {TEXT['revision']}"
PARQUET = f"datasets/{TEXT['hub']}/resolve/{TEXT['revision']}/{TEXT['file']}"


@dataclass
class Refusal:
    """What the hub does, and the line of the fetch without the name and the revision before it."""

    line: str
    fault: Fault | None = None
    token: str = ""
    repository: dict = field(default_factory=dict)
    asked: dict = field(default_factory=dict)


TERMS = "accept its terms on the hub and set HF_TOKEN to a token of that account"
MODELS = {
    "gated, no token": Refusal(
        f"access is restricted, HF_TOKEN is not set: {TERMS}",
        repository={"gated": True},
    ),
    "gated, a token of another account": Refusal(
        f"access is restricted, HF_TOKEN is refused ({RESTRICTED}): {TERMS}",
        token=STRANGER,
        repository={"gated": True},
    ),
    "no such token": Refusal(
        f"HF_TOKEN is refused ({INVALID}): set a valid one or none", token="hf_x"
    ),
    "no such repository": Refusal(
        "not on the hub, or private and HF_TOKEN is not set", asked={"hub": "a/c"}
    ),
    "no such repository, with a token": Refusal(
        "not on the hub, or private and HF_TOKEN may not see it", token=TOKEN, asked={"hub": "a/c"}
    ),
    "no such revision": Refusal("the hub has no such revision", asked={"revision": "f" * 40}),
    "no such file": Refusal(
        "not fetched: Client error '404 Not Found' for url …",
        Fault(f"HEAD a/b/resolve/{REVISION}/config.json", 404, "EntryNotFound", times=99),
    ),
    "busy": Refusal(
        "not fetched: Client error '429 Too Many Requests' for url …",
        Fault("GET api/models/a/b", 429, headers={"Retry_After": "7"}, times=99),
    ),
    "down": Refusal(
        "not fetched: Server error '503 Service Unavailable' for url …",
        Fault("GET api/models/a/b", 503, times=99),
    ),
    "down at a file's name": Refusal(
        "not fetched: Server error '503 Service Unavailable' for url …",
        Fault(f"HEAD {WEIGHTS}", 503, times=99),
    ),
    "down at a file": Refusal(
        "not fetched: Server error '503 Service Unavailable' for url …",
        Fault(f"GET {WEIGHTS}", 503, times=99),
    ),
    "always cut short": Refusal(
        "not fetched: peer closed connection without sending complete message body …",
        Fault(f"GET {WEIGHTS}", cut=0, times=99),
    ),
    "a file that is not as listed": Refusal(
        "model.safetensors: found SHA-256 …", Fault(f"GET {WEIGHTS}", spoil=True)
    ),
    "a small file that is not as listed": Refusal(
        "config.json: found git SHA-1 …",
        Fault(f"GET a/b/resolve/{REVISION}/config.json", spoil=True),
    ),
}
TEXTS = {
    "no such revision": Refusal("the hub has no such revision", repository={"revision": REVISION}),
    "no such file": Refusal("not fetched: …", Fault(f"HEAD {PARQUET}", 404, "EntryNotFound", {})),
    "busy": Refusal(
        "not fetched: Client error '429 Too Many Requests' for url …",
        Fault(f"/tree/{TEXT['revision']}", 429, headers={"Retry_After": "7"}, times=99),
    ),
    "down at a file": Refusal("not fetched: …", Fault(f"GET {PARQUET}", 503, times=99)),
    "a file that is not as listed": Refusal(
        f"{TEXT['file']}: found SHA-256 …", Fault(f"GET {PARQUET}", spoil=True)
    ),
}
