"""A huge snapshot in the real app: bounded memory, and keys that answer at once."""

from __future__ import annotations

import os

import pytest

from tests.benchmarks.million_records import measure, percentile

RECORDS = int(os.environ.get("WEBTUNE_BENCHMARK_RECORDS", "200000"))


@pytest.mark.benchmark
@pytest.mark.timeout(2400)
def test_a_huge_snapshot_takes_little_memory_and_the_app_answers_meanwhile(
    record_property: pytest.RecordProperty,
) -> None:
    costs = measure(RECORDS)
    record_property("peak_megabytes", round(costs.peak_megabytes))
    record_property("echo_p99_ms", round(percentile(costs.echoes, 99) * 1000))
    print(f"\nhuge snapshot: {costs.told()}")
    assert costs.stored == costs.new == RECORDS
    assert costs.peak_megabytes < 300
    at_rest = percentile(costs.idle_echoes, 99)  # on a busy machine this alone passes the limit
    assert percentile(costs.echoes, 99) < max(0.100, 3 * at_rest)
