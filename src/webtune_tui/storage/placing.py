"""Where the records of a batch go: new, in place of an older one, or seen once more. Inside one transaction.

A statement gives up Python's lock at each of its rows and may wait milliseconds to get it back while another thread
works. So each kind of row is one statement for hundreds of rows, and an answer comes in one row.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from webtune_tui.domain.records import Record, RecordKind, RecordRow
from webtune_tui.json_text import encode

_ROWS = 2000  # in one statement; times the columns it stays below SQLite's limit of 32,766 values
_DATA = RecordKind.DATA.value
_SHOWN = 20  # of the records that a batch stored
_SIGHTING = ("collection_id", "position", "record_id", "raw_file", "raw_line", "raw_start", "raw_length")
_LIVE = """
    SELECT json_group_array(json_array(asked.key, r.record_id, r.content_hash,
        r.collection_id = :collection OR (substr(r.key, 1, 4) = 'url:' AND EXISTS (
            SELECT 1 FROM sightings AS s WHERE s.record_id = r.record_id AND s.collection_id = :collection)),
        r.collection_id = :collection)) AS found
    FROM json_each(:keys) AS asked JOIN records AS r ON r.key = asked.value AND r.superseded_by IS NULL
"""


_RECORD = ("record_id", "collection_id", *RecordRow._fields)


def row_of(record: Record, fields: bytes | None = None) -> RecordRow:
    """A record as a row; ``fields`` are its fields as JSON where that is at hand."""
    where = record.place
    return RecordRow(
        record.position,
        record.kind.value,
        record.key,
        record.content_hash,
        record.url,
        record.collected_at,
        encode(record.fields) if fields is None else fields,
        where.file,
        where.line,
        where.start,
        where.length,
    )


@dataclass(slots=True)
class Placed:
    """Counts of one batch and the first of the records that were stored."""

    new: int = 0
    changed: int = 0
    duplicates: int = 0
    errors: int = 0
    repeated_errors: int = 0
    shown: list[RecordRow] = field(default_factory=list)


@dataclass(slots=True)
class _Live:
    """The record that a key now stands for."""

    record_id: int
    content_hash: str
    is_seen_here: bool  # this collection delivered it already
    is_of_here: bool  # and was the first to do so


def place(connection: sqlite3.Connection, collection_id: str, batch: Sequence[RecordRow], next_id: int) -> Placed:
    """Stores what is new or changed of a collection's batch, under ids from ``next_id`` on, and what it saw again."""
    placing = _Placing(collection_id, next_id)
    placing.take(batch, _live(connection, collection_id, batch))
    _insert(connection, "records", _RECORD, placing.records)
    _insert(connection, "sightings", _SIGHTING, placing.sightings)
    if placing.superseded:
        connection.execute(
            "UPDATE records SET superseded_by = newer.value ->> 1 FROM json_each(?) AS newer"
            " WHERE record_id = newer.value ->> 0",
            (encode(placing.superseded).decode(),),
        )
    return placing.placed


class _Placing:
    """Decides row by row; the values to be written are gathered."""

    def __init__(self, collection_id: str, next_id: int) -> None:
        self.placed = Placed()
        self.records: list[Any] = []
        self.sightings: list[Any] = []
        self.superseded: list[tuple[int, int]] = []
        self._collection_id = collection_id
        self._next_id = next_id

    def take(self, batch: Sequence[RecordRow], live: dict[str, _Live]) -> None:
        """Finds a place for each row."""
        if not live and len({row.key for row in batch}) == len(batch):
            self._add_all(batch)
            return
        for row in batch:
            known = live.get(row.key)
            if known is not None and known.content_hash != row.content_hash and row.key.startswith("url:"):
                row, known = _on_the_same_page(row, known, live)
            if known is not None and known.content_hash == row.content_hash:
                self._see_again(row, known)
            else:
                live[row.key] = self._add(row, known)

    def _add_all(self, batch: Sequence[RecordRow]) -> None:
        """As taking each of them, where none is known and none comes twice: most batches of most files."""
        for row in batch:
            self.records += (self._next_id, self._collection_id, *row)
            self._next_id += 1
        errors = sum(row.kind != _DATA for row in batch)
        self.placed = Placed(new=len(batch) - errors, errors=errors, shown=list(batch[:_SHOWN]))

    def _see_again(self, row: RecordRow, known: _Live) -> None:
        if row.kind == _DATA:
            self.placed.duplicates += 1
        else:
            self.placed.repeated_errors += 1
        known.is_seen_here = True
        if not known.is_of_here:
            self.sightings += (self._collection_id, row.position, known.record_id, *row[-4:])

    def _add(self, row: RecordRow, known: _Live | None) -> _Live:
        record_id = self._next_id
        self._next_id += 1
        self.records += (record_id, self._collection_id, *row)
        placed = self.placed
        if known is not None:
            self.superseded.append((known.record_id, record_id))
        if len(placed.shown) < _SHOWN:
            placed.shown.append(row)
        if row.kind != _DATA:
            placed.errors += 1
        elif known is not None:
            placed.changed += 1
        else:
            placed.new += 1
        return _Live(record_id, row.content_hash, is_seen_here=True, is_of_here=True)


def _on_the_same_page(row: RecordRow, known: _Live, live: dict[str, _Live]) -> tuple[RecordRow, _Live | None]:
    """Rows of one collection that share only their page's URL are different things, not versions of one.

    The second and later ones take a key of their own.
    """
    key = _own_key(row)
    own = live.get(key)
    if own is not None or known.is_seen_here:
        return row._replace(key=key), own
    return row, known


def _own_key(row: RecordRow) -> str:
    return f"{row.key}#{row.content_hash[:16]}"


def _live(connection: sqlite3.Connection, collection_id: str, batch: Sequence[RecordRow]) -> dict[str, _Live]:
    """What the keys of a batch stand for now."""
    keys = [row.key for row in batch]
    keys += [_own_key(row) for row in batch if row.key.startswith("url:")]
    asked = {"collection": collection_id, "keys": encode(keys).decode()}
    found = orjson.loads(connection.execute(_LIVE, asked).fetchone()["found"])
    return {
        keys[number]: _Live(record_id, content_hash, bool(is_seen), bool(is_own))
        for number, record_id, content_hash, is_seen, is_own in found
    }


def _insert(connection: sqlite3.Connection, table: str, columns: Sequence[str], values: Sequence[Any]) -> None:
    """Inserts rows whose values stand one after the other."""
    width = len(columns)
    for start in range(0, len(values), _ROWS * width):
        part = values[start : start + _ROWS * width]
        connection.execute(_insertion(table, tuple(columns), len(part) // width), part)


@functools.lru_cache(maxsize=64)
def _insertion(table: str, columns: tuple[str, ...], rows: int) -> str:
    marks = f"({', '.join('CAST(? AS TEXT)' if name == 'fields' else '?' for name in columns)})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([marks] * rows)}"
