"""The workspace that runs are broken off in: made once, copied for each test."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.prepare.stalling import Prepared, prepared


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return asyncio.run(prepared(tmp_path_factory.mktemp("made")))
