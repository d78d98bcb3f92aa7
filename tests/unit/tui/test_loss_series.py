"""Loss curves stay bounded and honest."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.tui.presentation.loss_curve import HEAD_MARK, MISSING_MARK, VALID_MARK, draw_losses
from webtune_tui.tui.presentation.loss_series import MAXIMUM_BUCKETS, LossSeries


def series(*points: tuple[int, float | None]) -> LossSeries:
    made = LossSeries()
    for step, value in points:
        made.add(step, value)
    return made


def picture(train: LossSeries, valid: LossSeries, **size: int | None) -> list[str]:
    wanted = {"width": 60, "height": 12} | size
    return ["".join(run.text for run in row) for row in draw_losses(train, valid, **wanted)]  # type: ignore[arg-type]


def test_a_million_points_keep_a_fixed_number_of_buckets_and_the_true_extremes() -> None:
    made = LossSeries()
    for step in range(1_000_000):
        made.add(step, 5.0 if step == 777_777 else 1.0)
    assert len(made) <= MAXIMUM_BUCKETS
    assert made.count == sum(bucket.count for bucket in made.buckets()) == 1_000_000
    assert max(bucket.highest for bucket in made.buckets()) == 5.0
    assert (made.first, made.last, made.last_step, made.best) == (1.0, 1.0, 999_999, 1.0)


def test_nan_infinity_and_nothing_are_counted_and_the_first_one_is_named() -> None:
    made = series((1, 2.0), (2, math.nan), (3, None), (4, math.inf), (5, 1.0))
    assert (made.count, made.unmeasured, made.first_unmeasured) == (2, 3, 2)
    assert (made.first, made.last) == (2.0, 1.0)


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.floats(0.01, 20)), min_size=1, max_size=200, unique_by=lambda p: p[0])
)
def test_the_order_in_which_points_come_does_not_matter(points: list[tuple[int, float]]) -> None:
    forward, backward = series(*points), series(*reversed(points))
    assert [step for step, _ in forward.smoothed()] == sorted(step for step, _ in points)
    assert forward.smoothed() == pytest.approx(backward.smoothed())
    assert (forward.first, forward.last, forward.best) == (backward.first, backward.last, backward.best)


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.none() | st.floats()), max_size=60),
    st.lists(st.tuples(st.integers(0, 10**9), st.none() | st.floats()), max_size=10),
    st.integers(0, 200), st.integers(0, 60), st.none() | st.integers(1, 10**9),
)  # fmt: skip
def test_whatever_a_provider_reports_the_picture_fits_its_place(
    train: list[tuple[int, float | None]],
    valid: list[tuple[int, float | None]],
    width: int,
    height: int,
    total: int | None,
) -> None:
    rows = picture(series(*train), series(*valid), width=width, height=height, total_steps=total)
    assert rows == [] or len(rows) == height
    assert all(len(row) == width for row in rows)


def test_validation_points_missing_values_and_the_newest_step_have_shapes_of_their_own() -> None:
    train = series(*((step, 3 - step / 20) for step in range(1, 31)), (31, None))
    rows = "\n".join(picture(train, series((10, 2.7), (20, 2.4)), total_steps=60))
    assert rows.count(VALID_MARK) == 2
    assert rows.count(MISSING_MARK) == 1
    assert rows.count(HEAD_MARK) == 1


def test_a_finished_job_ends_at_the_right_edge_and_has_no_head() -> None:
    rows = picture(series(*((step, 1 / step) for step in range(1, 41))), LossSeries(), total_steps=None)
    assert HEAD_MARK not in "".join(rows)
    assert rows[-1].rstrip().endswith("40")


def test_reports_that_are_missing_leave_a_gap_in_the_line() -> None:
    whole = series(*((step, 2.0) for step in range(100)))
    gap = series(*((step, 2.0) for step in range(100) if not 40 <= step < 60))
    longest_blank = [
        max(len(run) for run in "".join(picture(one, LossSeries())[4:6]).split("⠤") or [""]) for one in (whole, gap)
    ]
    braille = [sum("⠀" < cell <= "⣿" for row in picture(one, LossSeries()) for cell in row) for one in (whole, gap)]
    assert braille[1] < braille[0]
    assert longest_blank[1] >= longest_blank[0]


def test_smoothing_lies_on_a_straight_falling_line_without_lag() -> None:
    made = series(*((step, 10 - step / 10) for step in range(100)))
    middle = dict(made.smoothed())[50]
    assert middle == pytest.approx(5.0, abs=0.1)
