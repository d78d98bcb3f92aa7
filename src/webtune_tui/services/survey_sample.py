"""The records that a surveying step is shown before it judges any."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from zlib import crc32

import numpy as np

from webtune_tui.pipeline.base import Surveying
from webtune_tui.storage.live_records import RecordQueries

_AT_ONCE = 250
_OF_A_SOURCE = 5_000  # records


class SurveySample:
    """Knows all current records, or those in ``only``, by 16 bytes each."""

    def __init__(self, records: RecordQueries, only: frozenset[int] | None = None) -> None:
        self._ids = array("q")
        self._marks = array("I")
        self._sources = array("i")
        numbers: dict[str, int] = {}
        for record_id, key, source in records.keys_in_order():
            if only is None or record_id in only:
                self._ids.append(record_id)
                self._marks.append(crc32(key.encode("utf-8", "surrogatepass")))
                self._sources.append(numbers.setdefault(source, len(numbers)))

    def portions(self, step: Surveying) -> Sequence[Sequence[int]]:
        """The ids of every n-th record of a source by the hash of its key, as many as are enough for the step.

        They come in portions that one process takes at a time.
        """
        if not self._ids:
            return []
        sources = np.frombuffer(self._sources, dtype=np.int32)
        apart = np.maximum(np.bincount(sources) // getattr(step, "enough", _OF_A_SOURCE), 1)
        is_shown = np.frombuffer(self._marks, dtype=np.uint32) % apart[sources] == 0
        shown: list[int] = np.frombuffer(self._ids, dtype=np.int64)[is_shown].tolist()
        return [shown[start : start + _AT_ONCE] for start in range(0, len(shown), _AT_ONCE)]
