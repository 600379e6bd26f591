"""A local stand-in of the hub's HTTP interface: one repository at one revision."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

REVISION = "0123456789abcdef0123456789abcdef01234567"


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_arguments):
        """Stay silent."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def do_GET(self) -> None:
        hub = self.server.hub
        path = self.path.split("?")[0]
        hub.requests.append(path)
        if hub.refusal:
            status, code = hub.refusal
            return self.answer(status, b"{}", X_Error_Code=code, X_Error_Message=code)
        files = {p.name: p for p in hub.folder.iterdir()}
        if path.startswith("/api/models/a/b/tree/"):
            entries = [
                {"type": "file", "path": n, "size": p.stat().st_size, "oid": _etag(p)}
                for n, p in files.items()
            ]
            return self.answer(200, json.dumps(entries).encode(), Content_Type="application/json")
        if path.startswith("/api/models/a/b"):
            info = {"id": "a/b", "sha": REVISION, "siblings": [{"rfilename": n} for n in files]}
            return self.answer(200, json.dumps(info).encode(), Content_Type="application/json")
        name = path.rpartition("/")[2]
        if path != f"/a/b/resolve/{REVISION}/{name}" or name not in files:
            return self.answer(404, X_Error_Code="EntryNotFound")
        headers = {"ETag": f'"{_etag(files[name])}"', "X_Repo_Commit": REVISION}
        return self.answer(200, files[name].read_bytes(), **headers)

    do_HEAD = do_GET


def _etag(path: Path) -> str:
    return hashlib.sha1(path.read_bytes()).hexdigest()


class Hub:
    """The served folder, the requests so far, and what every request is refused with, if it is."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.requests: list[str] = []
        self.refusal: tuple[int, str] | None = None
        self.endpoint = ""


@contextmanager
def serving(folder: Path) -> Iterator[Hub]:
    """Serve `folder` as the model a/b on a free local port."""
    hub = Hub(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.hub = hub
    hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
