"""Preparing takes little memory, whatever the number of its processes."""

from __future__ import annotations

import sys

import pytest

from tests.benchmarks.prepare_memory import measure, told


@pytest.mark.benchmark
@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_hundred_thousand_records_are_prepared_in_half_a_gigabyte(record_property: pytest.RecordProperty) -> None:
    found = measure(100_000)
    record_property("prepare_peak_mb", round(found.peak / 1e6))
    print(f"\nprepare: {told(found)}")
    assert found.records == 100_000
    assert found.peak <= 500_000_000
