"""Importing beside the floor of parsing and inserting bare rows, in the same run."""

from __future__ import annotations

import pytest

from tests.benchmarks.import_throughput import measure, told


@pytest.mark.benchmark
@pytest.mark.timeout(600)
def test_importing_is_at_least_six_tenths_as_fast_as_bare_rows(record_property: pytest.RecordProperty) -> None:
    found = measure()
    record_property("import_ratio", round(found.ratio, 2))
    print(f"\nimport: {told(found)}")
    assert found.ratio >= 0.6
    assert found.again_ratio >= 0.9  # not slower, within what rounds differ
