"""Where the records of many examples come from, read by their ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from webtune_tui.storage.database import Database

_AT_ONCE = 500


class RecordPlaces:
    """Reads addresses, times and fields of records."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def places(self, record_ids: Sequence[int]) -> dict[int, tuple[str | None, str | None]]:
        """Address and time of collection of each record that is there."""
        rows = self._rows("url, collected_at", record_ids)
        return {record_id: (url, collected_at) for record_id, url, collected_at in rows}

    def fields(self, record_ids: Sequence[int]) -> dict[int, str]:
        """The fields of each record that is there, as JSON."""
        return dict(self._rows("fields", record_ids))

    def _rows(self, columns: str, record_ids: Sequence[int]) -> Iterator[Any]:
        with self._database.read() as connection:
            cursor = connection.cursor()
            cursor.row_factory = None
            for start in range(0, len(record_ids), _AT_ONCE):
                some = record_ids[start : start + _AT_ONCE]
                marks = ",".join("?" * len(some))
                yield from cursor.execute(
                    f"SELECT record_id, {columns} FROM records WHERE record_id IN ({marks})", tuple(some)
                )
