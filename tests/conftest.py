"""A model that several tests read."""

from pathlib import Path

import pytest

from tiny import save_model


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory) -> Path:
    """A tiny random LLaMA with grouped-query attention."""
    return save_model(tmp_path_factory.mktemp("models") / "tiny")
