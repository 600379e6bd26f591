"""Data sets of the hub at pinned revisions, which the datasets library reads."""

from pathlib import Path, PurePosixPath
from typing import Any

import datasets
from huggingface_hub.hf_api import RepoFile

from heavytail.io.hub import asked, listing, require_as_listed


def newest(repository: str) -> str:
    """The newest commit of a data set. Raises FetchError if the hub does not say."""
    with asked(repository) as api:
        return str(api.dataset_info(repository).sha)


def load(repository: str, revision: str, split: str, **wanted: Any) -> datasets.Dataset:
    """One split of a data set; as `load_splits`."""
    return load_splits(repository, revision, [split], **wanted)[split]


def load_splits(
    repository: str, revision: str, splits: list[str], **wanted: Any
) -> dict[str, datasets.Dataset]:
    """Splits of a data set, after its files were checked against the hub's listing.

    Args:
        repository: OWNER/NAME.
        revision: the commit.
        splits: their names.
        wanted: further arguments of `datasets.load_dataset`: `name` or `data_files`.

    Raises:
        FetchError: the hub does not deliver. Fetched files stay in the hub's cache.
    """
    what = f"{repository} at {revision}"
    where: dict[str, Any] = {"revision": revision, "repo_type": "dataset"}
    with asked(what, ValueError, datasets.exceptions.DatasetsError) as api:
        listing(api, repository, **where)
        builder = _builder(repository, revision, **wanted)
        listed: dict[str, RepoFile] = {}
        for url in (url for urls in builder.config.data_files.values() for url in urls):
            file = url.removeprefix(f"hf://datasets/{repository}@{revision}/")
            if file not in listed:
                folder = PurePosixPath(file).parent.as_posix()
                listed |= listing(api, repository, path_in_repo=folder.strip("."), **where)
            path = api.hf_hub_download(repository, file, **where)
            require_as_listed(listed[file], Path(path), what)
        builder.download_and_prepare()
        return {split: builder.as_dataset(split) for split in splits}


def _builder(repository: str, revision: str, **wanted: Any) -> datasets.DatasetBuilder:
    """What reads a data set. Raises ValueError if that is a program, which is never run."""
    try:
        return datasets.load_dataset_builder(repository, revision=revision, **wanted)
    except RuntimeError as error:
        raise ValueError(str(error)) from error
