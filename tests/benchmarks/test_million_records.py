"""A huge snapshot in the real app: bounded memory, and keys that answer at once."""

from __future__ import annotations

import os

import pytest

from tests.benchmarks.million_records import LOST_SECONDS, measure, percentile

_TRIES = 3  # whatever else runs on the machine at that moment delays keys too
RECORDS = int(os.environ.get("WEBTUNE_BENCHMARK_RECORDS", "200000"))


@pytest.mark.benchmark
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("place", ["dialogue", "filter"])
def test_a_huge_snapshot_takes_little_memory_and_the_app_answers_meanwhile(
    place: str, record_property: pytest.RecordProperty
) -> None:
    for _ in range(_TRIES):
        costs = measure(RECORDS, place)
        at_rest, busy = percentile(costs.idle_echoes, 99), percentile(costs.echoes, 99)
        record_property("peak_megabytes", round(costs.peak_megabytes))
        record_property("echo_p99_ms", round(busy * 1000))
        record_property("idle_echo_p99_ms", round(at_rest * 1000))
        print(f"\nhuge snapshot, keys to the {place}: {costs.told()}")
        assert costs.stored == costs.new == RECORDS
        assert costs.peak_megabytes < 300
        assert max(costs.echoes) < LOST_SECONDS, "a letter never came"
        if busy < 0.100:
            break
    # 100 ms is the promise; a machine that is busy with other things is slow before anything is collected
    assert busy < max(0.100, 3 * at_rest)
