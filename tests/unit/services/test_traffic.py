"""The calls of one process to one address, whichever collection they are for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from webtune_tui.domain.errors import Offline, RateLimited
from webtune_tui.services.patience import Waiting
from webtune_tui.services.traffic import HeldBack, Traffic


@dataclass
class FakeTime:
    moment: float = 0.0

    @property
    def waiting(self) -> Waiting:
        return Waiting(sleep=asyncio.sleep, monotonic=lambda: self.moment, jitter=lambda: 0.0)


def refuse(traffic: Traffic, retry_after: float | None = None) -> float:
    with pytest.raises(RateLimited) as caught, traffic.call():
        raise RateLimited("slow down", retry_after=retry_after)
    assert not isinstance(caught.value, HeldBack) and caught.value.retry_after is not None
    return caught.value.retry_after


def test_after_a_refusal_nobody_calls_until_the_time_is_up() -> None:
    time = FakeTime()
    traffic = Traffic("api.example", time.waiting)
    assert refuse(traffic, 7.0) == 7.0
    time.moment = 6.9
    with pytest.raises(HeldBack) as held, traffic.call():
        raise AssertionError("it must not be sent")
    assert held.value.retry_after == pytest.approx(0.1)
    time.moment = 7.0
    with traffic.call():
        pass


def test_without_a_time_the_waits_double_to_thirty_two_seconds_until_one_is_answered() -> None:
    time = FakeTime()
    traffic = Traffic("api.example", time.waiting)
    waits = []
    for _ in range(6):
        waits.append(refuse(traffic))
        time.moment += waits[-1]
    assert waits == [2, 4, 8, 16, 32, 32]
    with traffic.call():
        pass
    assert refuse(traffic) == 2


def test_after_a_refusal_one_call_at_a_time_goes_out() -> None:
    time = FakeTime()
    traffic = Traffic("api.example", time.waiting)
    refuse(traffic, 1.0)
    time.moment = 1.0
    with traffic.call(), pytest.raises(HeldBack), traffic.call():
        raise AssertionError("it must not be sent")
    with traffic.call(), traffic.call():  # the first was answered
        pass


def test_calls_under_way_count_as_refusals_that_may_come() -> None:
    traffic = Traffic("api.example", FakeTime().waiting)
    under_way = [traffic.call() for _ in range(20)]
    for call in under_way:
        call.__enter__()
    with pytest.raises(HeldBack), traffic.call():
        raise AssertionError("it must not be sent")
    for call in under_way:
        call.__exit__(None, None, None)


def test_an_hour_of_refusals_stays_below_what_the_service_blocks_for() -> None:
    time = FakeTime()
    traffic = Traffic("api.example", time.waiting)
    moments = []
    while time.moment < 3600:
        try:
            with traffic.call():
                moments.append(time.moment)
                raise RateLimited("slow down", retry_after=0.5)
        except RateLimited as error:
            assert error.retry_after
            time.moment += error.retry_after
    assert max(sum(start <= moment < start + 300 for moment in moments) for start in moments) <= 20
    assert len(moments) > 200


def test_a_lost_connection_says_nothing_about_refusals() -> None:
    time = FakeTime()
    traffic = Traffic("api.example", time.waiting)
    refuse(traffic)
    time.moment = 2
    with pytest.raises(Offline), traffic.call():
        raise Offline("no connection")
    assert refuse(traffic) == 4
