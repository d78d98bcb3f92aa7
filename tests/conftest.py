"""Every process of tests: what was imported is left alone by the garbage collector, and pauses end when all is done."""

from __future__ import annotations

import gc

import pytest

from tests import quiet


def pytest_collection_finish(session: pytest.Session) -> None:
    """Half of the time of an app's test went into looking for cycles among the modules, again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)


quiet.end_pauses_when_quiet()
