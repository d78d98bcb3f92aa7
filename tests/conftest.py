"""What is done once in each process that runs tests, so that they spend their time on what they test."""

from __future__ import annotations

import gc
import os
import sys

import pytest
from hypothesis import settings

from tests import quiet
from tests.warm_programs import NURSERY
from webtune_tui.services import bridge

# the programs that tests start would compile all that they import each time; an installed one never does
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# a wall clock says nothing on a machine that does other things too, and a change is judged by what it changes: new
# cases are sought with --hypothesis-profile=explore
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("same")

_USUAL_THRESHOLDS = gc.get_threshold()

gc.set_threshold(50_000, 50, 100)  # while the tests are collected: what is imported stays


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with the tests that may take longest, so that no process is left with one of them at the end."""
    items.sort(key=lambda item: -_allowed_seconds(item))


def _allowed_seconds(item: pytest.Item) -> float:
    """What a test allows itself, where that is more than usual."""
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark is not None and mark.args and mark.args[0] >= 300 else 0


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leaves what was imported alone when cycles are looked for: half of the time of an app's test went into that.

    What is measured is measured as people have it.
    """
    if all(item.get_closest_marker("benchmark") for item in session.items):
        gc.set_threshold(*_USUAL_THRESHOLDS)
        return
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)
    quiet.end_pauses_when_quiet()
    if sys.platform == "linux":
        bridge.start_program = NURSERY.start  # type: ignore[assignment]


def pytest_sessionfinish() -> None:
    """The process that programs were forked from ends."""
    NURSERY.close()
