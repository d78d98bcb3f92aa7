"""How long is waited, and when no longer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from webtune_tui.domain.errors import Offline, RateLimited, StillRunning
from webtune_tui.services.patience import Patience, Waiting


@dataclass
class FakeTime:
    moment: float = 0.0
    sleeps: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.moment += seconds
        await asyncio.sleep(0)

    @property
    def waiting(self) -> Waiting:
        return Waiting(sleep=self.sleep, monotonic=lambda: self.moment, jitter=lambda: 0.0)


async def test_polls_grow_to_half_a_minute_or_follow_the_recommendation() -> None:
    time = FakeTime()
    patience = Patience(None, None, time.waiting)
    for recommended in (None, None, 11.0, None, None, None):
        await patience.between_polls(recommended)
    assert time.sleeps == [2, 4, 11, 16, 30, 30]


async def test_jitter_never_makes_a_wait_shorter_than_asked() -> None:
    time = FakeTime()
    patience = Patience(None, None, Waiting(time.sleep, lambda: time.moment, jitter=lambda: 1.0))
    await patience.after_trouble(RateLimited("slow down", retry_after=10))
    assert time.sleeps == [12]


async def test_trouble_after_contact_is_waited_out_for_ever_and_grows() -> None:
    time = FakeTime()
    patience = Patience(None, None, time.waiting)
    patience.answered()
    for _ in range(50):
        await patience.after_trouble(Offline("no connection"))
    assert time.sleeps[:5] == [2, 4, 8, 16, 30] and time.sleeps[-1] == 30


async def test_without_any_contact_it_gives_up() -> None:
    patience = Patience(None, None, FakeTime().waiting)
    with pytest.raises(Offline):
        for _ in range(50):
            await patience.after_trouble(Offline("no connection"))


async def test_the_deadline_is_kept_to_the_moment() -> None:
    time = FakeTime()
    patience = Patience(None, 5.0, time.waiting)
    await patience.between_polls()
    with pytest.raises(StillRunning):
        await patience.between_polls()
    assert time.moment == 5.0
