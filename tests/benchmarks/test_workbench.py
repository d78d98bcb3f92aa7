"""The workbench beside the app's own cold start, in the same run."""

from __future__ import annotations

import statistics

import pytest

from tests.benchmarks.workbench import measure

_EXAMPLES = 50_000


@pytest.mark.benchmark
@pytest.mark.timeout(600)
def test_many_examples_open_nearly_as_soon_as_none_and_answer_keys_at_once(
    record_property: pytest.RecordProperty,
) -> None:
    found = measure(_EXAMPLES, rounds=3, keys=16)
    print(f"\nworkbench: {found.told()}")
    record_property("first_rows_ratio", round(found.first_rows_ratio, 2))
    assert found.first_rows_ratio < 1.7
    assert statistics.median(found.pages) < found.cold / 4
    assert statistics.median(found.jumps) < found.cold / 4
    assert found.megabytes < 200
