"""How the interpreter behaves while threads read and store records beside a screen that must answer at once."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable

_TURN_SECONDS = 0.0005
_NEW_OBJECTS = 7000  # after which the interpreter looks for cycles among them; 700 are those of fifty records


class _WhileUsed:
    """A setting of the whole interpreter; the last of several users puts it back."""

    def __init__(self, begin: Callable[[], Callable[[], None]]) -> None:
        self._begin = begin
        self._lock = threading.Lock()
        self._users = 0
        self._put_back: Callable[[], None] = lambda: None

    def __enter__(self) -> None:
        with self._lock:
            if self._users == 0:
                self._put_back = self._begin()
            self._users += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._put_back()


def _take_short_turns() -> Callable[[], None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, _TURN_SECONDS))
    return lambda: sys.setswitchinterval(before)


def _leave_out_what_is_old() -> Callable[[], None]:
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(max(thresholds[0], _NEW_OBJECTS), *thresholds[1:])

    def put_back() -> None:
        gc.set_threshold(*thresholds)
        gc.unfreeze()

    return put_back


SHORT_TURNS = _WhileUsed(_take_short_turns)
"""Threads take turns quickly: storing needs dozens of turns a batch and must not wait 5 ms for each."""

SHORT_COLLECTIONS = _WhileUsed(_leave_out_what_is_old)
"""What was there before is left out when the interpreter looks for cycles: each record is made of new dicts, so it
looks often, and the widgets of an app alone hold up everything for 70 ms each time."""
