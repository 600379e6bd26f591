"""Data sets of the hub at pinned revisions, read by the datasets library."""

from pathlib import Path, PurePosixPath
from typing import Any

import datasets
from huggingface_hub.hf_api import RepoFile

from heavytail.io.hub import asked, listing, require_as_listed


def load(repository: str, revision: str, split: str, **wanted: Any) -> datasets.Dataset:
    """One split of a data set whose files are what the hub's own listing says.

    Args:
        repository: OWNER/NAME.
        revision: commit.
        split: name of the split.
        wanted: what else `datasets.load_dataset` is to be asked for: `name` or `data_files`.

    Raises FetchError when the hub does not deliver; files that came stay in the hub's cache.
    """
    what = f"{repository} at {revision}"
    place: dict[str, Any] = {"revision": revision, "repo_type": "dataset"}
    with asked(what, ValueError, datasets.exceptions.DatasetsError) as api:
        listing(api, repository, **place)
        builder = datasets.load_dataset_builder(repository, revision=revision, **wanted)
        listed: dict[str, RepoFile] = {}
        for url in (url for urls in builder.config.data_files.values() for url in urls):
            file = url.removeprefix(f"hf://datasets/{repository}@{revision}/")
            if file not in listed:
                folder = PurePosixPath(file).parent.as_posix()
                listed |= listing(api, repository, path_in_repo=folder.strip("."), **place)
            path = api.hf_hub_download(repository, file, **place)
            require_as_listed(listed[file], Path(path), what)
        builder.download_and_prepare()
        return builder.as_dataset(split)
