"""What two revisions of a build don't share, whatever lay between them."""

from __future__ import annotations

from collections.abc import Iterator

from webtune_tui.storage.database import Database
from webtune_tui.storage.dataset_rows import EXAMPLE_COLUMNS, WHOLE_EXAMPLES, stored_example
from webtune_tui.storage.dataset_types import Revision, StoredExample

_GONE = "build = ?1 AND until > ?2 AND until <= ?3 AND since <= ?2"
_COME = "build = ?1 AND since > ?2 AND since <= ?3 AND since <> 0 AND (until IS NULL OR until > ?3)"


class RevisionChanges:
    """Reads them by the indexes over the first and the last revision of a row."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, revision: Revision, other: int) -> int:
        """How many rows only one of the two has; ``other`` is a revision of the same build."""
        asked = self._asked(revision, other)
        with self._database.read() as connection:
            return sum(
                connection.execute(f"SELECT count(*) FROM examples WHERE {condition}", asked).fetchone()[0]
                for condition in (_GONE, _COME)
            )

    def between(self, revision: Revision, other: int) -> Iterator[tuple[StoredExample, int]]:
        """The examples that only one of the two has: 1 for those of ``revision``, -1 for those of the other."""
        sign = 1 if revision.revision >= other else -1
        asked = self._asked(revision, other)
        with self._database.read() as connection:
            for condition, way in ((_GONE, -sign), (_COME, sign)):
                for row in connection.execute(
                    f"SELECT {EXAMPLE_COLUMNS} FROM {WHOLE_EXAMPLES} WHERE {condition}", asked
                ):
                    yield stored_example(row), way

    def _asked(self, revision: Revision, other: int) -> tuple[int, int, int]:
        return revision.build, min(revision.revision, other), max(revision.revision, other)
