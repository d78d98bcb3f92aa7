"""The pace of work: told once it says something, anew for each stage."""

from __future__ import annotations

from webtune_tui.domain.pace import Pace


class FakeClock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_rate_and_time_left_are_told_after_a_second() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    assert pace.words("reading", 0, 1_000, "records") == ""
    clock.now += 0.5
    assert pace.words("reading", 50, 1_000, "records") == ""
    clock.now += 1.5
    assert pace.words("reading", 200, 1_000, "records") == "100 records/s, 8 s left"
    assert pace.words("reading", 200, 20_000, "records") == "100 records/s, 3 min 18 s left"
    assert pace.words("reading", 200, None, "records") == "100 records/s"


def test_another_stage_starts_anew() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    pace.moved("reading", 0)
    clock.now += 10
    assert pace.moved("reading", 100) == 10
    assert pace.moved("storing", 5) is None
    clock.now += 2
    assert pace.moved("storing", 9) == 2
    assert pace.moved("storing", 1) is None
