"""A bulk drop and its undo beside the bare statements on the same file, and one edit until it is durable."""

from __future__ import annotations

import pytest

from tests.benchmarks.edit_throughput import Found, measure, told

_EXAMPLES, _DROPPED = 150_000, 100_000  # a million by hand
_TRIES = 3
_DROP_OF_FLOOR, _UNDO_OF_FLOOR = 4.0, 3.0
_ONE_OF_FLOOR = 3.0


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
        if is_quick(found):
            break
    assert is_quick(found)


def is_quick(found: Found) -> bool:
    """Whether nothing takes more than its multiple of the bare statements."""
    return (
        found.drop_of_floor <= _DROP_OF_FLOOR
        and found.undo_of_floor <= _UNDO_OF_FLOOR
        and found.one_of_floor <= _ONE_OF_FLOOR
    )
