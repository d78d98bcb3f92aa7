"""The records that a surveying step is shown before it judges any."""

from __future__ import annotations

from collections import Counter
from zlib import crc32

from webtune_tui.pipeline.base import Surveying
from webtune_tui.storage.live_records import RecordQueries

_AT_ONCE = 250
_OF_A_SOURCE = 5_000  # records


def survey_sample(records: RecordQueries, step: Surveying, only: frozenset[int] | None = None) -> list[list[int]]:
    """The ids of every n-th record of a source by the hash of its key, in portions that one process takes at a time.

    Of those in ``only``, where it is given. So many of each source are shown as are enough for the step.
    """
    enough = getattr(step, "enough", _OF_A_SOURCE)
    sizes = Counter(source for record_id, _, source in records.keys_in_order() if only is None or record_id in only)
    apart = {source: max(size // enough, 1) for source, size in sizes.items()}
    shown = [
        record_id
        for record_id, key, source in records.keys_in_order()
        if (only is None or record_id in only) and crc32(key.encode("utf-8", "surrogatepass")) % apart[source] == 0
    ]
    return [shown[start : start + _AT_ONCE] for start in range(0, len(shown), _AT_ONCE)]
