"""What was found out about the messages of examples, kept beside them: once known, conditions need not read a text.

A build is *known* up to a revision when each row that began in it or before has its facts. Rows that began later are
few, and found by an index.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import orjson

from webtune_tui.domain.body_facts import BodyFacts, LanguageOf, facts_of
from webtune_tui.domain.examples import Message, decode_messages
from webtune_tui.storage.database import Database
from webtune_tui.storage.dataset_rows import set_meta_values
from webtune_tui.storage.kept_statistics import deletions_in

_DETECTOR = "language_detector"
_PARAMETERS = 900

KeptFact = tuple[int, BodyFacts]
"""The facts of a body, after its number."""


class Extent(NamedTuple):
    """What shall be known: the rows of a build up to a revision, with their languages or without."""

    build: int
    revision: int
    has_languages: bool


class Missing(NamedTuple):
    """Bodies without facts, in the order of their rows, and the place of each row."""

    body_ids: array[int]
    ordinals: array[int]


class KeptFacts:
    """The facts of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def is_known(self, extent: Extent) -> bool:
        """Whether all of it is known."""
        with self._database.read() as connection:
            known = _known(connection, extent)
        return known is not None and known >= extent.revision

    def missing(self, extent: Extent, limit: int = -1) -> Missing:
        """The bodies that lack facts."""
        with self._database.read() as connection:
            connection.row_factory, before = None, connection.row_factory
            try:
                rows = connection.execute(*_without_facts(extent, _known(connection, extent), limit)).fetchall()
            finally:
                connection.row_factory = before
        return Missing(array("q", (row[0] for row in rows)), array("q", (row[1] for row in rows)))

    def facts(self, body_ids: Sequence[int], language_of: LanguageOf | None) -> list[KeptFact]:
        """The facts of bodies, found out from their messages; bodies that went meanwhile are left out."""
        return [(body_id, facts_of(messages_of(text), language_of)) for body_id, text in self._texts(body_ids)]

    def _texts(self, body_ids: Sequence[int]) -> Iterator[tuple[int, str]]:
        with self._database.read() as connection:
            for start in range(0, len(body_ids), _PARAMETERS):
                some = body_ids[start : start + _PARAMETERS]
                for row in connection.execute(
                    f"SELECT body_id, messages FROM bodies WHERE body_id IN ({','.join('?' * len(some))})", tuple(some)
                ):
                    yield row[0], row[1]

    def deletions(self) -> str:
        """Stands for all that was deleted from the workspace so far."""
        with self._database.read() as connection:
            return deletions_in(connection)

    def use_detector(self, detector: str) -> None:
        """Forgets what another way of telling languages told; an empty name is that of none."""
        with self._database.read() as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = ?", (_DETECTOR,)).fetchone()
        if not detector or (row is not None and row[0] == detector):
            return
        with self._database.write() as connection:
            if row is not None:
                connection.execute("DELETE FROM known_builds")
                connection.execute("DELETE FROM body_facts")
            set_meta_values(connection, {_DETECTOR: detector})

    def keep(self, build: int, facts: Sequence[KeptFact], deletions: str) -> bool:
        """Keeps facts of bodies of a build, in one transaction.

        Nothing is kept, and the answer is no, where more was deleted since ``deletions``: a number may be that of
        another body by now.
        """
        with self._database.write() as connection:
            if deletions_in(connection) != deletions or not _is_there(connection, build):
                return False
            insert_facts(connection, facts)
        return True

    def note_known(self, extent: Extent, deletions: str) -> None:
        """Notes that all of it is known; not where more was deleted since ``deletions``."""
        with self._database.write() as connection:
            if deletions_in(connection) == deletions and _is_there(connection, extent.build):
                insert_known(connection, extent)

    def values(self, field: str) -> list[int]:
        """The different values of a field that is a number, in ascending order."""
        with self._database.aside() as connection:
            return sorted(row[0] for row in connection.execute(f"SELECT DISTINCT {field} FROM body_facts"))

    def languages(self) -> dict[int, str]:
        """The codes of the languages that were told, by their numbers."""
        with self._database.read() as connection:
            return _languages(connection)


def messages_of(text: str) -> tuple[Message, ...]:
    """The messages of a body."""
    try:
        return tuple(map(Message.from_json, orjson.loads(text)))
    except orjson.JSONDecodeError:  # half of a surrogate pair
        return decode_messages(text)


def insert_facts(connection: sqlite3.Connection, facts: Sequence[KeptFact]) -> None:
    """Stores facts of bodies, within a transaction."""
    numbers: dict[str | None, int | None] = {code: number for number, code in _languages(connection).items()}
    numbers[None] = None
    for code in {one.language for _, one in facts} - numbers.keys():
        numbers[code] = connection.execute("INSERT INTO languages (code) VALUES (?)", (code,)).lastrowid
    connection.executemany(
        "INSERT OR REPLACE INTO body_facts VALUES (?,?,?,?,?)",
        [(body_id, *one[:3], numbers[one.language]) for body_id, one in facts],
    )


def insert_known(connection: sqlite3.Connection, extent: Extent) -> None:
    """Notes that all of it is known, within a transaction."""
    connection.execute("INSERT OR REPLACE INTO known_builds VALUES (?,?,?)", extent)


def _languages(connection: sqlite3.Connection) -> dict[int, str]:
    return {row[0]: row[1] for row in connection.execute("SELECT language, code FROM languages")}


def _known(connection: sqlite3.Connection, extent: Extent) -> int | None:
    """Up to which revision the build is known."""
    row = connection.execute(
        "SELECT revision FROM known_builds WHERE build = ? AND has_languages >= ?",
        (extent.build, extent.has_languages),
    ).fetchone()
    return int(row[0]) if row else None


def _is_there(connection: sqlite3.Connection, build: int) -> bool:
    return connection.execute("SELECT 1 FROM builds WHERE build = ?", (build,)).fetchone() is not None


def _without_facts(extent: Extent, known: int | None, limit: int) -> tuple[str, tuple[int, ...]]:
    """What gives body and place of each row without facts: of the whole build, or of what began since it was known."""
    rows, began = "examples INDEXED BY examples_in_order", ""
    bound: tuple[int, ...] = (extent.build, extent.revision)
    if known is not None:
        rows, began = "examples INDEXED BY examples_begun", " AND since <> 0 AND since > ?"
        bound += (known,)
    lacking = "f.language IS NULL" if extent.has_languages else "f.body_id IS NULL"
    return (
        f"SELECT examples.body_id, ordinal FROM {rows} LEFT JOIN body_facts AS f ON f.body_id = examples.body_id"
        f" WHERE build = ? AND since <= ?{began} AND {lacking} ORDER BY ordinal, row_id LIMIT ?",
        (*bound, limit),
    )
