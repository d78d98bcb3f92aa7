"""The examples of a version: in pages, as a stream, by their ids."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import Any

from webtune_tui.domain.example_fields import EDITED
from webtune_tui.domain.examples import Split, decode_messages
from webtune_tui.storage.database import Database
from webtune_tui.storage.dataset_rows import ALIVE, EXAMPLE_COLUMNS, WHOLE_EXAMPLES, stored_example
from webtune_tui.storage.dataset_types import Revision, StoredExample

_BY_ID = WHOLE_EXAMPLES.replace("examples", "examples INDEXED BY examples_by_id", 1)  # not that of all that ended


class Examples:
    """Reads examples."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self, revision: Revision, *, text: str = "", split: str = "", offset: int = 0, limit: int = 100
    ) -> tuple[list[StoredExample], int]:
        """Examples in their order, and how many match in all."""
        condition, values = _matching(revision, text, split)
        with self._database.read() as connection:
            if text:
                connection.create_function("contains_text", 2, _contains_text, deterministic=True)
                total = connection.execute(
                    f"SELECT count(*) FROM {WHOLE_EXAMPLES} WHERE {condition}", values
                ).fetchone()[0]
            else:
                total = getattr(revision.totals, split) if split else revision.totals.content.count
            rows = connection.execute(
                f"SELECT {EXAMPLE_COLUMNS} FROM {WHOLE_EXAMPLES} WHERE {condition} ORDER BY ordinal LIMIT ? OFFSET ?",
                (*values, limit, offset),
            ).fetchall()
        return [stored_example(row) for row in rows], total

    def stream(self, revision: Revision) -> Iterator[StoredExample]:
        """All examples of a version in order."""
        with self._database.read() as connection:
            cursor = connection.execute(
                f"SELECT {EXAMPLE_COLUMNS} FROM {WHOLE_EXAMPLES} WHERE {ALIVE} ORDER BY ordinal",
                (revision.build, revision.revision, revision.revision),
            )
            for row in cursor:
                yield stored_example(row)

    def ids_in_order(self, revision: Revision) -> Iterator[str]:
        """The ids of all examples of a version in order."""
        with self._database.read() as connection:
            cursor = connection.execute(
                f"SELECT example_id FROM examples WHERE {ALIVE} ORDER BY ordinal",
                (revision.build, revision.revision, revision.revision),
            )
            for row in cursor:
                yield row[0]

    def by_ids(self, revision: Revision, example_ids: Sequence[str]) -> dict[str, StoredExample]:
        """The examples of a version with these ids."""
        found: dict[str, StoredExample] = {}
        with self._database.read() as connection:
            for start in range(0, len(example_ids), 500):
                some = example_ids[start : start + 500]
                marks = ",".join("?" * len(some))
                for row in connection.execute(
                    f"SELECT {EXAMPLE_COLUMNS} FROM {WHOLE_EXAMPLES} WHERE {ALIVE} AND example_id IN ({marks})",
                    (revision.build, revision.revision, revision.revision, *some),
                ):
                    found[row["example_id"]] = stored_example(row)
        return found

    def edited_rows(self, revision: Revision) -> array[int]:
        """The rows of a version whose texts were changed by hand, in order; eight bytes each."""
        with self._database.read() as connection:
            cursor = connection.execute(
                f"SELECT row_id FROM examples WHERE {ALIVE} AND since <> 0 AND instr(' ' || flags || ' ', ?)"
                " ORDER BY ordinal",
                (revision.build, revision.revision, revision.revision, f" {EDITED} "),
            )
            return array("q", (row[0] for row in cursor))

    def present_ids(self, revision: Revision, example_ids: Sequence[str]) -> frozenset[str]:
        """Which of these examples a version has."""
        found: set[str] = set()
        with self._database.read() as connection:
            for start in range(0, len(example_ids), 500):
                some = example_ids[start : start + 500]
                rows = connection.execute(
                    f"SELECT example_id FROM examples WHERE {ALIVE} AND example_id IN ({','.join('?' * len(some))})",
                    (revision.build, revision.revision, revision.revision, *some),
                )
                found.update(row[0] for row in rows)
        return frozenset(found)

    def ended(self, revision: Revision, example_ids: Sequence[str]) -> dict[str, StoredExample]:
        """The last rows of examples that applied edits took out of a version; what an undo took out never was there."""
        found: dict[str, StoredExample] = {}
        with self._database.read() as connection:
            for one in example_ids:
                row = connection.execute(
                    f"SELECT {EXAMPLE_COLUMNS} FROM {_BY_ID} WHERE build = ? AND example_id = ?"
                    " AND until <= ?"
                    " AND EXISTS (SELECT 1 FROM revisions AS r JOIN edits AS e USING (edit_id) WHERE r.build ="
                    " examples.build AND r.revision = examples.until AND r.action <> 'undo' AND e.state = 'applied')"
                    " ORDER BY until DESC LIMIT 1",
                    (revision.build, one, revision.revision),
                ).fetchone()
                if row is not None:
                    found[one] = stored_example(row)
        return found

    def first_forms(self, revision: Revision, example_ids: Sequence[str]) -> dict[str, StoredExample]:
        """Examples of a version's build as they were before any edit."""
        found: dict[str, StoredExample] = {}
        with self._database.read() as connection:
            for one in example_ids:
                row = connection.execute(
                    f"SELECT {EXAMPLE_COLUMNS} FROM {WHOLE_EXAMPLES} WHERE build = ? AND example_id = ?"
                    " ORDER BY since, row_id LIMIT 1",
                    (revision.build, one),
                ).fetchone()
                if row is not None:
                    found[one] = stored_example(row)
        return found

    def contents(self, revision: Revision) -> dict[str, int]:
        """For every example of a version a number that stands for its content and split."""
        return {one.example_id: one.digest >> 384 for one in self.stream(revision)}

    def tokens_per_split(self, revision: Revision) -> dict[str, int]:
        """The tokens of each split."""
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT split, sum(tokens) FROM examples WHERE {ALIVE} GROUP BY split",
                (revision.build, revision.revision, revision.revision),
            ).fetchall()
        found = {row[0]: row[1] for row in rows}
        return {split.value: found.get(split.value, 0) for split in Split}

    def token_counts(self, revision: Revision, split: Split) -> array[int]:
        """The tokens of each example of a split, in order."""
        with self._database.read() as connection:
            cursor = connection.execute(
                f"SELECT tokens FROM examples WHERE {ALIVE} AND split = ? ORDER BY ordinal",
                (revision.build, revision.revision, revision.revision, split.value),
            )
            return array("q", (row[0] for row in cursor))


def _matching(revision: Revision, text: str, split: str) -> tuple[str, tuple[Any, ...]]:
    condition, values = ALIVE, [revision.build, revision.revision, revision.revision]
    bound: list[Any] = list(values)
    if split:
        condition += " AND split = ?"
        bound.append(split)
    if text:
        condition += " AND contains_text(messages, ?)"
        bound.append(text.casefold())
    return condition, tuple(bound)


def _contains_text(messages: str, folded: str) -> bool:
    return any(folded in message.content.casefold() for message in decode_messages(messages))
