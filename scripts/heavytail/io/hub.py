"""The Hugging Face hub: its refusals in one line, and files checked by the checksums it lists."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils.sha import git_hash

from heavytail.io.files import sha256


class FetchError(RuntimeError):
    """The hub does not deliver. One line says what was asked, why it failed and what would help."""


def _reason(error: Exception) -> str:
    """Why the hub does not deliver, in one line, and what to do if a token would help."""
    chain: list[BaseException] = [error]
    while chain[-1].__cause__ is not None:
        chain.append(chain[-1].__cause__)
    refused = next((link for link in chain if isinstance(link, HfHubHTTPError)), None)
    if refused is None:
        # If a library wraps an error, the wrapped one says more.
        return f"not fetched: {_first_line(chain[-1])}"
    token, status = get_token(), refused.response.status_code
    said = f" ({refused.server_message})" if refused.server_message else ""
    if isinstance(refused, GatedRepoError):
        found = f"HF_TOKEN is refused{said}" if token else "HF_TOKEN is not set"
        cure = "accept its terms on the hub and set HF_TOKEN to a token of that account"
        return f"access is restricted, {found}: {cure}"
    if isinstance(refused, RevisionNotFoundError):
        return "the hub has no such revision"
    if status == 401 and token:
        return f"HF_TOKEN is refused{said}: set a valid one or none"
    if isinstance(refused, RepositoryNotFoundError):
        unseen = "HF_TOKEN may not see it" if token else "HF_TOKEN is not set"
        return f"not on the hub, or private and {unseen}"
    return f"not fetched: {_first_line(chain[-1])}{said}"


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


@contextmanager
def asked(what: str, *errors: type[Exception]) -> Iterator[HfApi]:
    """The hub's interface.

    Args:
        what: what is asked of the hub; a FetchError begins with it.
        errors: errors of another library that asks the hub for us.

    Raises:
        FetchError: for every error of the hub, the network or the disk, and for `errors`.
    """
    known: tuple[type[Exception], ...] = (HTTPError, OSError, *errors)
    try:
        yield HfApi()
    except known as error:
        raise FetchError(f"{what}: {_reason(error)}") from error


def listing(api: HfApi, repository: str, **where: Any) -> dict[str, RepoFile]:
    """Path → what the hub says of the file, for one folder of a repository.

    Ask for this before anything else. If the hub is busy (429, 5xx), the library waits here and
    asks again; if there is no such repository or revision, it says so here.
    """
    found = api.list_repo_tree(repository, **where)
    return {entry.path: entry for entry in found if isinstance(entry, RepoFile)}


def require_as_listed(listed: RepoFile, path: Path, what: str) -> None:
    """Delete a file that is not as the hub lists it, and raise FetchError."""
    if listed.lfs:
        kind, expected, found = "SHA-256", listed.lfs.sha256, sha256(path)
    else:
        kind, expected, found = "git SHA-1", listed.blob_id, git_hash(path.read_bytes())
    if found != expected:
        path.resolve().unlink()
        path.unlink(missing_ok=True)
        raise FetchError(
            f"{what}: {listed.path}: found {kind} {found}, expected {expected} as the hub lists; "
            "the file was deleted, and the next run fetches it again"
        )
