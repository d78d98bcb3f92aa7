"""Importing beside the floor of parsing and inserting bare rows, in the same run."""

from __future__ import annotations

import pytest

from tests.benchmarks.import_throughput import measure, told

# the import reads on one processor while it stores on another: whatever else runs there slows it and not the floor
_TRIES = 3


@pytest.mark.benchmark
@pytest.mark.timeout(600)
def test_importing_is_at_least_six_tenths_as_fast_as_bare_rows(record_property: pytest.RecordProperty) -> None:
    for _ in range(_TRIES):
        found = measure()
        record_property("import_ratio", round(found.ratio, 2))
        print(f"\nimport: {told(found)}")
        if found.ratio >= 0.6 and found.again_ratio >= 0.9:
            break
    assert found.ratio >= 0.6
    assert found.again_ratio >= 0.9  # not slower, within what rounds differ
