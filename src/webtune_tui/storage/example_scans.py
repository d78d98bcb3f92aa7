"""Looking through the examples of a version: which fulfil a condition, in which order, and how many of each kind.

What takes long runs in a thread, gives row numbers as they are found, and ends when it is told to. Blocking.
"""

from __future__ import annotations

import sqlite3
import threading
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from webtune_tui.domain.body_facts import LanguageOf
from webtune_tui.domain.conditions import Condition
from webtune_tui.domain.example_fields import EDITED
from webtune_tui.domain.examples import Split
from webtune_tui.storage.body_facts import Extent, KeptFacts
from webtune_tui.storage.database import Database
from webtune_tui.storage.dataset_rows import ALIVE, EXAMPLE_COLUMNS, WHOLE_EXAMPLES, stored_example
from webtune_tui.storage.dataset_types import Revision, StoredExample
from webtune_tui.storage.example_conditions import Facts, Where, where_of
from webtune_tui.storage.example_values import different_tokens, different_values

_ROWS_AT_ONCE = 2_000
_BODIES_AT_ONCE = 64
_PARAMETERS = 900
_SORTED_TEXT = 120  # characters

SORTS: Mapping[str, str] = {
    "index": "ordinal",
    "id": "example_id",
    "split": "split",
    "tokens": "tokens",
    "source": "source",
    "flags": "flags",
    "edited": f"instr(' ' || flags || ' ', ' {EDITED} ') = 0",
    "prompt": f"substr(json_extract(messages, '$[#-2].content'), 1, {_SORTED_TEXT})",
    "answer": f"substr(json_extract(messages, '$[#-1].content'), 1, {_SORTED_TEXT})",
}
"""By what examples can be sorted, and what that is in SQL; the edited ones come first."""
_TEXT_SORTS = ("prompt", "answer")
_FEW_VALUES = ("split", "source", "flags", "edited")
_MOST_QUERIES = 12
_IN_PLACE = "examples INDEXED BY examples_in_order"
"""Rows as they lie in the file; by any other index each would be looked up anywhere."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which examples of a revision, and in which order: by a column, equal ones by their place.

    ``places`` are the first place in the build and the one after the last; none: all.
    """

    revision: Revision
    condition: Condition | None = None
    text: str = ""
    sort: str = "index"
    is_descending: bool = False
    places: tuple[int, int] | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return self.condition is None and not self.text and self.places is None

    @property
    def reads_texts(self) -> bool:
        """Whether the order is that of texts, which must be read for it."""
        return self.sort in _TEXT_SORTS


class ExampleScans:
    """Scans of one workspace."""

    def __init__(self, database: Database, language_of: LanguageOf | None = None) -> None:
        self._database = database
        self._language_of = language_of
        self._facts = KeptFacts(database)
        self._fact_values_of: tuple[tuple[int, int, str], Sequence[int]] = (-1, -1, ""), ()

    def where(self, wanted: Wanted) -> Where:
        """What is asked, in SQL. Raises UsageError for a field that examples lack."""
        values = partial(self._different, wanted.revision)
        facts_for = partial(self._facts_for, wanted.revision)
        return where_of(wanted.condition, wanted.text, values, self._language_of, facts_for)

    def _facts_for(self, revision: Revision, with_languages: bool) -> Facts:
        """What is kept of the messages of a revision; nothing where it is not kept of all."""
        if not self._facts.is_known(Extent(revision.build, revision.revision, with_languages)):
            return Facts()
        languages = self._facts.languages() if with_languages else {}
        return Facts(are_known=True, languages=languages, values=partial(self._fact_values, revision))

    def _fact_values(self, revision: Revision, field: str) -> Sequence[int]:
        known = (revision.build, revision.revision, field)
        kept, values = self._fact_values_of
        if kept != known:
            values = self._facts.values(field)
            self._fact_values_of = known, values
        return values

    def first(self, wanted: Wanted, where: Where, limit: int, offset: int = 0) -> list[int]:
        """The numbers of some rows; meant for what reads no messages and for low offsets."""
        found: list[int] = []
        with self._database.read() as connection:
            _define(connection, where)
            for sql, bound in self._queries(wanted, where):
                missing = offset + limit - len(found)
                found += [row[0] for row in connection.execute(f"{sql} LIMIT ?", (*bound, missing))]
                if len(found) == offset + limit:
                    break
        return found[offset:]

    def row_ids(self, wanted: Wanted, where: Where, stopped: threading.Event) -> Iterator[array[int]]:
        """The numbers of all rows in order, in pieces; ends early once ``stopped`` is set."""
        size = _BODIES_AT_ONCE if where.may_read_texts else _ROWS_AT_ONCE
        with self._interruptible(stopped) as connection:
            connection.row_factory = None
            _define(connection, where)
            for sql, bound in self._queries(wanted, where):
                cursor = connection.execute(sql, bound)
                while not stopped.is_set() and (rows := cursor.fetchmany(size)):
                    yield array("q", [row[0] for row in rows])

    def _queries(self, wanted: Wanted, where: Where) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """What gives the rows in order: one query, or one for each value of a column that has few of them."""
        if wanted.sort not in _FEW_VALUES:
            yield _select(wanted, where, SORTS[wanted.sort]), _bound(wanted, where)
            return
        if wanted.sort == "split":
            different: Sequence[Any] = [one.value for one in Split]
        elif wanted.sort == "edited":
            different = [0, 1]
        else:
            different = self._different(wanted.revision, wanted.sort)
        if len(different) > _MOST_QUERIES:
            yield _select(wanted, where, SORTS[wanted.sort]), _bound(wanted, where)
            return
        for value in reversed(different) if wanted.is_descending else different:
            # each in its place: nothing is sorted, so that the first rows come at once
            sql = _select(replace(wanted, is_descending=False), where, "ordinal", f" AND ({SORTS[wanted.sort]}) = ?")
            yield sql, (*_bound(wanted, where), value)

    def rows(self, row_ids: Sequence[int]) -> list[StoredExample]:
        """The examples with these row numbers, in that order."""
        found: dict[int, StoredExample] = {}
        with self._database.read() as connection:
            for start in range(0, len(row_ids), _PARAMETERS):
                some = row_ids[start : start + _PARAMETERS]
                marks = ",".join("?" * len(some))
                for row in connection.execute(
                    f"SELECT {EXAMPLE_COLUMNS} FROM {WHOLE_EXAMPLES} WHERE row_id IN ({marks})", tuple(some)
                ):
                    found[row["row_id"]] = stored_example(row)
        return [found[one] for one in row_ids if one in found]

    def row_of(self, revision: Revision, example_id: str) -> tuple[int, int] | None:
        """The number of an example's row and its place in the build; ``None`` where the revision has it not."""
        with self._database.read() as connection:
            row = connection.execute(
                f"SELECT row_id, ordinal FROM examples WHERE {ALIVE} AND example_id = ?",
                (revision.build, revision.revision, revision.revision, example_id),
            ).fetchone()
        return (row["row_id"], row["ordinal"]) if row else None

    def in_order(self, revision: Revision, first: int, limit: int) -> list[StoredExample]:
        """The examples from a place of their build on."""
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT {EXAMPLE_COLUMNS} FROM {WHOLE_EXAMPLES} WHERE {ALIVE} AND ordinal >= ?"
                " ORDER BY ordinal, row_id LIMIT ?",
                (revision.build, revision.revision, revision.revision, first, limit),
            ).fetchall()
        return [stored_example(row) for row in rows]

    def unlike_built(self, revision: Revision) -> list[tuple[int, int]]:
        """The places of a build that have not exactly one row in a revision: ascending, each with how many it has."""
        touched = (
            "SELECT ordinal, since, until FROM examples WHERE build = ?1 AND until IS NOT NULL UNION ALL"
            " SELECT ordinal, since, until FROM examples WHERE build = ?1 AND since <> 0 AND until IS NULL"
        )
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT ordinal, total(since <= ?2 AND (until IS NULL OR until > ?2)) AS n FROM ({touched})"
                " GROUP BY ordinal HAVING n <> 1 ORDER BY ordinal",
                (revision.build, revision.revision),
            ).fetchall()
        return [(row[0], int(row[1])) for row in rows]

    def facets(
        self, wanted: Wanted, stopped: threading.Event, told: Callable[[int], None] = lambda rows: None
    ) -> dict[str, dict[str, int]]:
        """How many of the rows have each split, source, flag and edit state; empty where it was stopped.

        Languages are among them where they are known of all examples of the revision. ``told`` hears how many rows are
        counted so far.
        """
        where = self.where(wanted)
        languages = self._facts_for(wanted.revision, with_languages=True)
        found: dict[str, Counter[str]] = {name: Counter() for name in ("split", "source", "flag", "edited")}
        kinds: Counter[tuple[str, str, str, int]] = Counter()
        with self._interruptible(stopped) as connection:
            connection.row_factory = None
            _define(connection, where)
            tables = _IN_PLACE + _beside(where, with_facts=languages.are_known)
            language = "language" if languages.are_known else "0"
            cursor = connection.execute(
                f"SELECT split, source, flags, {language} FROM {tables} WHERE {ALIVE} AND {where.sql}",
                _bound(wanted, where),
            )
            counted = 0
            while not stopped.is_set() and (rows := cursor.fetchmany(_ROWS_AT_ONCE)):
                kinds.update(rows)
                counted += len(rows)
                told(counted)
        if languages.are_known:
            found["language"] = Counter()
        for (split, source, flags, number), count in kinds.items():
            found["split"][split] += count
            found["source"][source] += count
            if languages.are_known:
                found["language"][languages.languages[number]] += count
            names = flags.split()
            found["edited"]["true" if EDITED in names else "false"] += count
            for flag in names:
                found["flag"][flag] += count
        return {} if stopped.is_set() else {name: dict(counts.most_common()) for name, counts in found.items()}

    @contextmanager
    def _interruptible(self, stopped: threading.Event) -> Iterator[sqlite3.Connection]:
        with self._database.aside() as connection:
            connection.set_progress_handler(lambda: stopped.is_set(), 20_000)  # instructions: some milliseconds
            try:
                yield connection
            except sqlite3.OperationalError:
                if not stopped.is_set():
                    raise

    def _different(self, revision: Revision, column: str) -> Sequence[Any]:
        """The values of a column that any row of the build has or had, in ascending order."""
        with self._database.read() as connection:
            if column == "tokens":
                return different_tokens(connection, revision.build)
            return different_values(connection, revision.build, column)


def _select(wanted: Wanted, where: Where, by: str, also: str = "") -> str:
    # by any other index each row would be looked up anywhere, and what is kept of its messages too
    rows = _IN_PLACE if where.reads_facts and by == "ordinal" else "examples"
    tables = rows + _beside(where, with_bodies=wanted.reads_texts)
    direction = " DESC" if wanted.is_descending else ""
    # rows are stored in the order of their places; the index over tokens holds all that it is sorted by
    equal = ("since", "until", "row_id") if by == "tokens" else ("row_id",)
    order = ", ".join(f"{one}{direction}" for one in (by, *equal))
    places = " AND ordinal >= {:d} AND ordinal < {:d}".format(*wanted.places) if wanted.places else ""
    return f"SELECT row_id FROM {tables} WHERE {ALIVE}{places} AND {where.sql}{also} ORDER BY {order}"


def _beside(where: Where, *, with_bodies: bool = False, with_facts: bool = False) -> str:
    """What stands beside the examples: their order is kept, a row is looked up for each."""
    bodies = " JOIN bodies USING (body_id)" if where.reads_bodies or with_bodies else ""
    return bodies + (" LEFT JOIN body_facts USING (body_id)" if where.reads_facts or with_facts else "")


def _bound(wanted: Wanted, where: Where) -> tuple[Any, ...]:
    revision = wanted.revision
    return (revision.build, revision.revision, revision.revision, *where.bound)


def _define(connection: sqlite3.Connection, where: Where) -> None:
    for name, test in where.functions.items():
        connection.create_function(name, 1, _truth(test))


def _truth(test: Callable[[Any], bool]) -> Callable[[Any], int]:
    return lambda value: int(test(value))
