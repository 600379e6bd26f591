"""An S3 server of this process, which counts what it is asked, and may refuse or delay it."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import boto3
from moto.moto_server import werkzeug_app
from werkzeug.serving import make_server

BUCKET = "matrix"
# What no file of a run may have.
KEY, SECRET = "AKIANOBODYMAYREADIT", "nobody-may-read-this-secret-either"
REFUSED = b"<Error><Code>%s</Code><Message>%s</Message></Error>"


@dataclass
class Server:
    """Where the server is, and what it does with the requests whose "METHOD path" has `at`."""

    endpoint: str = ""
    requests: list[str] = field(default_factory=list)
    at: str = ""
    # An answer instead of the server's own: its status and code.
    status: str = ""
    code: str = ""
    # Seconds before each answer.
    delay: float = 0

    @property
    def kinds(self) -> Counter:
        """HTTP method → how many requests."""
        return Counter(request.split()[0] for request in self.requests)

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which Snakemake and its jobs find the server."""
        return {
            "SNAKEMAKE_STORAGE_S3_ENDPOINT_URL": self.endpoint,
            "SNAKEMAKE_STORAGE_S3_ACCESS_KEY": KEY,
            "SNAKEMAKE_STORAGE_S3_SECRET_KEY": SECRET,
        }

    def objects(self):
        """The bucket of the tests, as boto has it."""
        keys = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET}
        place = {"endpoint_url": self.endpoint, "region_name": "us-east-1"}
        return boto3.resource("s3", **place, **keys).Bucket(BUCKET)

    def download(self, folder: Path) -> list[Path]:
        """All objects of the bucket, as files in a folder."""
        files = [(found, folder / found.key) for found in self.objects().objects.all()]
        for found, path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            found.Object().download_file(str(path))
        return [path for _, path in files]

    def wrapped(self, application):
        """The application behind the counting, the delay and the refusal."""

        def answer(environ, start_response) -> Iterable[bytes]:
            request = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
            self.requests.append(request)
            if self.at and self.at in request:
                time.sleep(self.delay)
                if self.status:
                    body = REFUSED % (self.code.encode(), self.code.encode())
                    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
                    start_response(self.status, [("Content-Type", "application/xml")])
                    return [body]
            return application(environ, start_response)

        return answer


class Silent(werkzeug_app.MotoRequestHandler):
    """Handles requests without a line for each."""

    def log_request(self, *_arguments) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Server]:
    """An S3 server without buckets, on a free port of this machine until the end."""
    server = Server()
    moto = werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app)
    application = server.wrapped(moto)
    http = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Silent)
    server.endpoint = f"http://127.0.0.1:{http.server_port}"
    threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
    # All servers of a process have the same buckets.
    urlopen(f"{server.endpoint}/moto-api/reset", data=b"").close()
    server.requests.clear()
    try:
        yield server
    finally:
        http.shutdown()
