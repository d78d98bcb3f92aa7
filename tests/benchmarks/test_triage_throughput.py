"""Triage beside preparing the same records, in the same run: it is as quick, and finds the planted copies."""

from __future__ import annotations

import pytest

from tests.benchmarks.triage_throughput import measure, told

_RECORDS = 20_000  # a hundred thousand by hand
_TRIES = 3
_MOST_OF_PREPARING = 1.3


@pytest.mark.benchmark
@pytest.mark.timeout(300)
def test_triage_takes_about_as_long_as_preparing(record_property: pytest.RecordProperty) -> None:
    for _ in range(_TRIES):
        found = measure(_RECORDS)
        record_property("triage_of_preparing", round(found.of_preparing, 2))
        print(f"\ntriage: {told(found)}")
        if found.of_preparing <= _MOST_OF_PREPARING:
            break
    (copies,) = [tile for tile in found.report.tiles if tile.name == "duplicates"]
    assert copies.before == pytest.approx(found.copies, rel=0.01) and copies.after is not None
    assert copies.after <= found.copies * 0.001
    assert found.of_preparing <= _MOST_OF_PREPARING
