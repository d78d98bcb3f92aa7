"""Looking into a large file in the real app, beside the smallest Textual app with a table and ``mmap.find``."""

from __future__ import annotations

import os
import statistics

import pytest

from tests.benchmarks.view_file import Costs, measure

_TRIES = 2  # whatever else runs on the machine at that moment delays frames too
_MEGABYTE = 1_000_000
ROWS = int(os.environ.get("WEBTUNE_BENCHMARK_ROWS", "100000"))


@pytest.mark.benchmark
@pytest.mark.timeout(600)
def test_a_large_file_is_in_sight_at_once_and_searched_at_the_speed_of_its_bytes(
    record_property: pytest.RecordProperty,
) -> None:
    faults: list[str] = []
    for _ in range(_TRIES):
        costs = measure(ROWS, rounds=3)
        print(f"\nview: {costs.told()}")
        record_property("first_rows_ratio", round(costs.first_ratio, 2))
        record_property("search_ratio", round(costs.search_ratio, 2))
        record_property("private_megabytes", round(costs.private / _MEGABYTE))
        assert costs.private < 64 * _MEGABYTE
        assert costs.private_sorting < 80 * _MEGABYTE  # with Python's own memory in three programs
        assert costs.private - costs.private_few < 10 * _MEGABYTE
        faults = _faults(costs)
        if not faults:
            break
    assert not faults


def _faults(costs: Costs) -> list[str]:
    """What took too long. A file of this size is searched in a tenth of a second, which starting two programs takes too
    where the machine has much else to do."""
    end, search, mapped = map(statistics.median, (costs.end_counted, costs.search, costs.mapped))
    stopped = statistics.median(costs.stopped or [0.0])  # a search that was over before esc tells nothing
    limits = {
        "first rows": (costs.first_ratio, 1.7),
        "many rows": (costs.size_ratio, 1.3),
        "end": (end, 0.1),
        "search": (search, 2 * mapped + 0.3),
        "esc": (stopped, 0.15),
    }
    return [f"{name}: {taken:.2f} of {most:.2f}" for name, (taken, most) in limits.items() if taken > most]
