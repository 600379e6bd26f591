"""A local stand-in of the hub's HTTP interface: models and data sets, each at one revision.

conftest.py points HF_ENDPOINT here before anything imports the hub's libraries, so that they ask it
as they ask the real one, in this process and in those that tests start.
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

REVISION = "0123456789abcdef0123456789abcdef01234567"
TOKEN, STRANGER = "hf_welcome", "hf_stranger"
# What the hub says beside a refusal.
RESTRICTED, INVALID = (
    "You are not in the authorized list.",
    "Invalid credentials in Authorization header",
)
# What the hub keeps in large-file storage, by SHA-256.
LARGE = (".safetensors", ".parquet", ".gz")


@dataclass
class Repository:
    """A folder that is served; `gated` lets only TOKEN at its files."""

    folder: Path
    revision: str = REVISION
    gated: bool = False

    def listed(self, path: Path) -> dict:
        """What the hub says of a file or folder."""
        name = path.relative_to(self.folder).as_posix()
        if path.is_dir():
            return {"type": "directory", "path": name, "oid": "0" * 40}
        data = path.read_bytes()
        entry = {"type": "file", "path": name, "size": len(data), "oid": git_sha1(data)}
        if name.endswith(LARGE):
            entry["lfs"] = {"oid": sha256(data), "size": len(data), "pointerSize": 134}
        return entry


@dataclass
class Fault:
    """What a request whose "METHOD path" contains `at` gets instead, so many times."""

    at: str
    status: int = 0
    code: str = ""
    headers: dict = field(default_factory=dict)
    # Bytes of the body after which the connection ends; None: no cut.
    cut: int | None = None
    # Whether the body's first byte is another.
    spoil: bool = False
    times: int = 1


@dataclass
class Hub:
    """The repositories, "datasets/" before the name of a data set, and the requests so far."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    # Seconds that the libraries wanted to wait.
    waits: list[float] = field(default_factory=list)

    def fault(self, request: str) -> Fault | None:
        found = next((f for f in self.faults if f.at in request and f.times > 0), None)
        if found:
            found.times -= 1
        return found

    def asked(self, part: str) -> list[str]:
        """The requests whose "METHOD path range" contains a text."""
        return [request for request in self.requests if part in request]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def git_sha1(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_arguments):
        """Stay silent."""

    def answer(self, status: int, body: bytes = b"", fault: Fault | None = None, **headers) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command == "HEAD":
            return
        cut, spoil = (fault.cut, fault.spoil) if fault else (None, False)
        self.wfile.write((bytes([body[0] ^ 1]) + body[1:] if spoil else body)[:cut])
        self.close_connection = True

    def refuse(self, status: int, code: str = "", message: str = "", **headers: str) -> None:
        named = {"X_Error_Code": code, "X_Error_Message": message}
        self.answer(status, b"{}", **{k: v for k, v in named.items() if v}, **headers)

    def say(self, value: object) -> None:
        self.answer(200, json.dumps(value).encode(), Content_Type="application/json")

    def do_GET(self) -> None:
        hub, url = self.server.hub, urlsplit(self.path)
        path = unquote(url.path).strip("/")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = f"{self.command} {path} {self.headers.get('Range', '')}".rstrip()
        hub.requests.append(request)
        fault = hub.fault(request)
        if fault and fault.status:
            return self.refuse(fault.status, fault.code, **fault.headers)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in ("", TOKEN, STRANGER):
            return self.refuse(401, message=INVALID)
        api, path = path.startswith("api/"), path.removeprefix("api/").removeprefix("models/")
        name = next((name for name in hub.repositories if f"{path}/".startswith(f"{name}/")), None)
        if name is None:
            return self.refuse(404 if token else 401, "RepoNotFound")
        repository = hub.repositories[name]
        action, _, rest = path.removeprefix(name).strip("/").partition("/")
        revision, _, file = rest.partition("/")
        if revision not in ("", "main", repository.revision):
            return self.refuse(404, "RevisionNotFound")
        if not api and repository.gated and token != TOKEN:
            return self.refuse(403 if token else 401, "GatedRepo", RESTRICTED)
        place = repository.folder / file
        if not place.exists():
            return self.refuse(404, "EntryNotFound", X_Repo_Commit=repository.revision)
        if not api:
            return self.send_file(repository, place, fault)
        wanted = parse_qs(url.query) | parse_qs(body.decode())
        if action == "tree":
            deep = wanted.get("recursive", [""])[0].lower() == "true"
            return self.say(
                [repository.listed(p) for p in sorted(place.glob("**/*" if deep else "*"))]
            )
        if action == "paths-info":
            paths = [repository.folder / path for path in wanted["paths"]]
            return self.say([repository.listed(path) for path in paths if path.exists()])
        files = [p for p in repository.folder.rglob("*") if p.is_file()]
        siblings = [{"rfilename": p.relative_to(repository.folder).as_posix()} for p in files]
        bare = name.removeprefix("datasets/")
        self.say({"id": bare, "sha": repository.revision, "siblings": siblings})

    do_HEAD = do_POST = do_GET

    def send_file(self, repository: Repository, place: Path, fault: Fault | None) -> None:
        data = place.read_bytes()
        large = place.name.endswith(LARGE)
        headers = {
            "ETag": f'"{sha256(data) if large else git_sha1(data)}"',
            "X_Repo_Commit": repository.revision,
            "Accept_Ranges": "bytes",
        }
        wanted = self.headers.get("Range")
        if not wanted:
            return self.answer(200, data, fault, **headers)
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        part = data[int(first) : int(last) + 1 if last else None]
        headers["Content_Range"] = f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}"
        return self.answer(206, part, fault, **headers)


SERVER = ThreadingHTTPServer(("127.0.0.1", 0), _Handler, bind_and_activate=False)
# Until there is a hub, its port refuses connections.
SERVER.server_bind()
ENDPOINT = f"http://127.0.0.1:{SERVER.server_address[1]}"


@contextmanager
def serving() -> Iterator[Hub]:
    """A hub without repositories, at ENDPOINT until the end."""
    SERVER.hub = Hub()
    SERVER.server_activate()
    threading.Thread(target=SERVER.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield SERVER.hub
    finally:
        SERVER.shutdown()
