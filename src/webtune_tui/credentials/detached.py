"""Blocking calls that may never come back, kept away from everything that has to end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def run_detached(work: Callable[[], T], *, name: str) -> Future[T]:
    """Runs ``work`` in a daemon thread: if it hangs, the process can still end. The future gets what it raises."""
    outcome: Future[T] = Future()

    def carry() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 - carried over to whoever waits, and raised there
            outcome.set_exception(error)

    threading.Thread(target=carry, name=name, daemon=True).start()
    return outcome
