"""The records that a surveying step is shown before it judges any."""

from __future__ import annotations

from collections import Counter
from zlib import crc32

from webtune_tui.storage.live_records import RecordQueries

SHOWN_AT_ONCE = 250
_SHOWN_OF_A_SOURCE = 5_000  # records


def survey_sample(records: RecordQueries, only: frozenset[int] | None = None) -> list[int]:
    """The ids of every n-th record of a source by the hash of its key; of those in ``only``, where it is given."""
    sizes: Counter[str] = Counter()
    for record_id, _, source in records.keys_in_order():
        if only is None or record_id in only:
            sizes[source] += 1
    return [
        record_id
        for record_id, key, source in records.keys_in_order()
        if (only is None or record_id in only)
        and crc32(key.encode("utf-8", "surrogatepass")) % max(sizes[source] // _SHOWN_OF_A_SOURCE, 1) == 0
    ]


def in_portions(record_ids: list[int]) -> list[list[int]]:
    """The sample in portions that one process takes at a time."""
    return [record_ids[start : start + SHOWN_AT_ONCE] for start in range(0, len(record_ids), SHOWN_AT_ONCE)]
