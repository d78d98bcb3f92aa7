"""A program per module: its home and its workspace are made once and reused by the module's tests."""

from __future__ import annotations

import pytest

from tests.e2e.program import Program


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Program:
    """Warm where the module says ``IS_WARM``."""
    return Program(tmp_path_factory.mktemp("person"), is_warm=getattr(request.module, "IS_WARM", False))
