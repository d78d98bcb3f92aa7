"""The tiny model, made once for all tests that really train."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.models.tiny_llama import make_tiny_llama
from tests.servers.local_engine import example_rows


@pytest.fixture(scope="session")
def tiny_models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of base models that holds `tiny`."""
    folder = tmp_path_factory.mktemp("models")
    texts = [message["content"] for row in example_rows(60) for message in row["messages"]]
    make_tiny_llama(folder / "tiny", texts)
    return folder
