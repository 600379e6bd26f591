"""What a search of the tiny model reads."""

import pytest

from support.searches import files_of


@pytest.fixture
def files(model_folder, tmp_path) -> dict[str, str]:
    return files_of(model_folder, tmp_path)
