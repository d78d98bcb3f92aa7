"""Dataset versions: builds, revisions, examples, dropped records, edits and the frozen test split.

A *build* is one run of prepare and holds its examples once. An edit makes a new *revision* of the newest build: the
row that it replaces ends (``until``) and a new one begins (``since``), so that an edit costs what it changes and every
older version stays readable.
"""

from __future__ import annotations

from collections.abc import Mapping

from webtune_tui.storage.dataset_builds import Builds
from webtune_tui.storage.dataset_bulk import BulkEdits
from webtune_tui.storage.dataset_dropped import Dropped
from webtune_tui.storage.dataset_edits import Edits
from webtune_tui.storage.dataset_examples import Examples
from webtune_tui.storage.dataset_rows import set_meta_values
from webtune_tui.storage.dataset_versions import Versions


class DatasetStore(Builds, Versions, Examples, Edits, BulkEdits, Dropped):
    """The dataset tables of a workspace."""

    def meta(self, key: str) -> str | None:
        """A remembered value."""
        with self._database.read() as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def set_meta(self, values: Mapping[str, str]) -> None:
        """Remembers values."""
        with self._database.write() as connection:
            set_meta_values(connection, values)
