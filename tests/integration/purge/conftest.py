"""One planted workspace for the module, copied for each test."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.purge.planted import Planted, plant


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    folder = tmp_path_factory.mktemp("planted")
    return asyncio.run(plant(folder / "workspace", folder / "sources"))


@pytest.fixture
def copied(pattern: Planted, tmp_path: Path) -> Callable[[], Planted]:
    """A fresh copy of the planted workspace."""

    def copy() -> Planted:
        root = tmp_path / "workspace"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(pattern.root, root)
        return replace(pattern, root=root)

    return copy
