"""Lets the escape key act at once: Textual 8.2.8 looks only ten times a second whether more of a key is to come.

Esc alone and the beginning of an arrow key are the same byte. Textual waits ``ESCDELAY`` for the rest, but its input
thread sleeps for a tenth of a second between two looks. With this it looks again sooner for a moment after each byte,
and sleeps as before when nobody types.
"""

from __future__ import annotations

import selectors
import time
from types import SimpleNamespace
from typing import Any

_AWAKE_SECONDS = 0.2
_LOOK_SECONDS = 0.015


class _Awake(selectors.SelectSelector):
    """Waits shortly for a moment after something was read."""

    _until = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """As ever, with a shorter wait after input."""
        if timeout is not None and time.monotonic() < self._until:
            timeout = min(timeout, _LOOK_SECONDS)
        ready = super().select(timeout)
        if ready:
            self._until = time.monotonic() + _AWAKE_SECONDS
        return ready


def install() -> None:
    """Gives Textual's driver for Unix terminals the other way of waiting. Elsewhere nothing is changed."""
    try:
        from textual.drivers import linux_driver
    except ImportError:  # Windows, where keys come as events
        return
    driver: Any = linux_driver
    driver.selectors = SimpleNamespace(**{**vars(selectors), "SelectSelector": _Awake})
