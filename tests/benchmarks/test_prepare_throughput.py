"""Preparing beside a Hugging Face ``datasets`` and ``datasketch`` pipeline on the same records, in the same run."""

from __future__ import annotations

import pytest

from tests.benchmarks.prepare_throughput import measure, told

_RECORDS = 40_000  # a hundred thousand by hand: the peer takes most of a minute
_TRIES = 3
_LEAST, _LEAST_WHOLE = 2.5, 1.6  # what is held on a busy machine too; the goal is 5 and 2.5


@pytest.mark.benchmark
@pytest.mark.timeout(900)
def test_preparing_is_faster_than_the_peer_and_misses_no_more(record_property: pytest.RecordProperty) -> None:
    pytest.importorskip("datasets")
    pytest.importorskip("datasketch")
    for _ in range(_TRIES):
        found = measure(_RECORDS)
        record_property("prepare_ratio", round(found.ratio, 2))
        print(f"\nprepare: {told(found)}")
        if found.ratio >= _LEAST and found.whole_ratio >= _LEAST_WHOLE:
            break
    assert found.ours.recall >= max(found.peer.recall - 0.002, 0.969)
    assert found.whole.recall >= max(found.peer.recall - 0.002, 0.969)
    assert found.ours.exact_recall >= found.peer.exact_recall
    assert (found.ours.lost, found.whole.lost) == (0, 0)
    assert found.ratio >= _LEAST
    assert found.whole_ratio >= _LEAST_WHOLE
