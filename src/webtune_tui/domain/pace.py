"""How fast work goes and how long it will take: from progress events to a rate and the seconds left."""

from __future__ import annotations

import time
from collections.abc import Callable

from webtune_tui.domain.events import Progressed

_LEAST_SECONDS = 1.0  # before it, a rate says nothing


class Pace:
    """The pace of the stage under way. A new stage, or less done than before, starts anew."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._stage = ""
        self._began = 0.0
        self._first = 0
        self._done = 0

    def moved(self, stage: str, done: int) -> float | None:
        """The rate of the stage in things a second; ``None`` until it can be told."""
        now = self._monotonic()
        if stage != self._stage or done < self._done:
            self._stage, self._began, self._first = stage, now, done
        self._done = done
        passed = now - self._began
        if passed < _LEAST_SECONDS or done == self._first:
            return None
        return (done - self._first) / passed

    def words(self, stage: str, done: int, total: int | None, unit: str) -> str:
        """Such as ``12,340/s, 8 s left``; the empty text until it can be told."""
        rate = self.moved(stage, done)
        if rate is None:
            return ""
        told = f"{rate:,.0f} {unit}/s"
        if total is None or done >= total:
            return told
        left = round((total - done) / rate)
        minutes, seconds = divmod(left, 60)
        return f"{told}, {f'{minutes} min ' if minutes else ''}{seconds} s left"

    def line(self, what: str, event: Progressed) -> str:
        """A line of progress: ``Cleaning: 1,200 of 9,000 records, 800 records/s, 10 s left``."""
        told = f"{what}: {event.done:,} of {event.total or 0:,} {event.unit}"
        pace = self.words(event.stage, event.done, event.total, event.unit)
        return f"{told}, {pace}" if pace else told
