"""A bulk drop and its undo beside the bare statements on the same file, and one edit until it is durable."""

from __future__ import annotations

import pytest

from tests.benchmarks.edit_throughput import measure, told

_EXAMPLES, _DROPPED = 150_000, 100_000  # a million by hand
_TRIES = 3
_MOST_OF_FLOOR = 3.5
_MOST_SECONDS = 2.0
_ONE_EDIT = 0.02  # seconds


@pytest.mark.benchmark
@pytest.mark.timeout(300)
def test_a_hundred_thousand_are_dropped_and_brought_back_at_a_few_times_the_bare_statements(
    record_property: pytest.RecordProperty,
) -> None:
    for _ in range(_TRIES):
        found = measure(_EXAMPLES, _DROPPED)
        record_property("drop_of_floor", round(found.drop_of_floor, 2))
        record_property("undo_of_floor", round(found.undo_of_floor, 2))
        print(f"\nedits: {told(found)}")
        if max(found.drop_of_floor, found.undo_of_floor) <= _MOST_OF_FLOOR and found.one_edit <= _ONE_EDIT:
            break
    assert found.drop_of_floor <= _MOST_OF_FLOOR and found.undo_of_floor <= _MOST_OF_FLOOR
    assert found.drop <= _MOST_SECONDS and found.undo <= _MOST_SECONDS
    assert found.one_edit <= _ONE_EDIT
