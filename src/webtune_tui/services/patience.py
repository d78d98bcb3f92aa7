"""How long to wait between free calls to a remote service, and when to stop waiting."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from webtune_tui.domain.errors import RateLimited, StillRunning, TryLater

_FIRST_WAIT, _LONGEST_WAIT = 2.0, 30.0
_LONGEST_REFUSAL = 600.0  # a longer Retry-After is told to the person in place of being waited for
_TRIES_WITHOUT_CONTACT = 5


@dataclass(frozen=True, slots=True)
class Waiting:
    """The clock that waiting goes by; tests bring their own. Times are monotonic seconds."""

    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random


@dataclass
class Patience:
    """The waits of one run. ``poll_seconds`` is what the person set; ``deadline`` counts from the beginning.

    A run that had an answer once never gives up by itself: the remote work goes on without us. One that never
    reached the service ends after some tries.
    """

    poll_seconds: float | None
    deadline: float | None
    waiting: Waiting = field(default_factory=Waiting)
    had_contact: bool = False
    _ends_at: float | None = field(init=False)
    _poll_wait: float = field(init=False, default=_FIRST_WAIT)
    _failures: int = field(init=False, default=0)
    _young_until: float = field(init=False, default=float("-inf"))

    def __post_init__(self) -> None:
        self._ends_at = None if self.deadline is None else self.waiting.monotonic() + self.deadline

    @property
    def left(self) -> float | None:
        """The seconds until the deadline; ``None`` without one."""
        return None if self._ends_at is None else max(0.0, self._ends_at - self.waiting.monotonic())

    @property
    def is_young(self) -> bool:
        """Whether the service may not know the thing yet."""
        return self.waiting.monotonic() < self._young_until

    def is_young_for(self, seconds: float) -> None:
        """The service may not know the thing for so long."""
        self._young_until = self.waiting.monotonic() + seconds

    def answered(self) -> None:
        """The service answered: earlier trouble is over."""
        self.had_contact = True
        self._failures = 0

    async def between_polls(self, recommended: float | None = None) -> None:
        """Waits as the person set, else as the service recommends, else longer each time.

        Raises:
            StillRunning: the deadline passed.
        """
        if self.poll_seconds is not None:
            await self._pause(self.poll_seconds)
            return
        await self._pause(min(recommended or self._poll_wait, _LONGEST_REFUSAL))
        self._poll_wait = min(self._poll_wait * 2, _LONGEST_WAIT)

    async def after_trouble(self, error: TryLater) -> None:
        """Waits longer after each failure in a row, and as long as the service asks for.

        Raises:
            TryLater: the service was never reached, or asks for more patience than is reasonable.
            StillRunning: the deadline passed.
        """
        self._failures += 1
        asked: float | None = getattr(error, "retry_after", None)
        if asked is not None and asked > _LONGEST_REFUSAL:
            raise error
        if isinstance(error, RateLimited):
            self.had_contact = True
            await self._pause(asked if asked is not None else _FIRST_WAIT)
            return
        if not self.had_contact and self._failures >= _TRIES_WITHOUT_CONTACT:
            raise error
        first = self.poll_seconds if self.poll_seconds else _FIRST_WAIT
        await self._pause(max(asked or 0.0, min(first * 2 ** min(self._failures - 1, 10), _LONGEST_WAIT)))

    async def _pause(self, seconds: float) -> None:
        seconds *= 1 + 0.2 * self.waiting.jitter()
        left = self.left
        await self.waiting.sleep(seconds if left is None else min(seconds, left))
        if self.left == 0.0:
            raise StillRunning(
                "The deadline passed; the collection goes on at the service",
                hint="Run: webtune collect resume",
            )
