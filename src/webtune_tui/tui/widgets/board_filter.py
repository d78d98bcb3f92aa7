"""The line that narrows the board of collections while one types."""

from __future__ import annotations

from collections.abc import Sequence

from textual.widgets import Input

from webtune_tui.domain.records import Collection


class BoardFilter(Input):
    """Looks through name, source, state and ids; out of sight until it is asked for."""

    DEFAULT_CSS = "BoardFilter { display: none; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(placeholder="Filter by name, source, state or id", id=id, compact=True)

    @property
    def is_narrowing(self) -> bool:
        """Whether anything is looked for."""
        return bool(self.value.strip())

    def fitting(self, collections: Sequence[Collection]) -> Sequence[Collection]:
        """The collections that hold what was typed."""
        wanted = self.value.strip().lower()
        return [one for one in collections if wanted in _searched(one)]

    def open(self) -> None:
        """Brings it into sight with the cursor in it."""
        self.display = True
        self.focus()

    def close(self) -> None:
        """Clears it and takes it out of sight."""
        self.value = ""
        self.display = False


def _searched(collection: Collection) -> str:
    parts = (collection.label, collection.state, collection.source, collection.collection_id)
    return " ".join([*parts, collection.snapshot_id or ""]).lower()
