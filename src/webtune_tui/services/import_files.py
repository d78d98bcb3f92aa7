"""Importing files as collections: streaming, with rejects by line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from webtune_tui.domain.events import ImportEvent
from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace


class ImportService:
    """Brings records from files."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings

    def run(
        self, paths: Sequence[Path], *, format: str | None = None, encoding: str | None = None
    ) -> AsyncIterator[ImportEvent]:
        """Imports files and folders as one collection; ends with Imported.

        A bad line is rejected with file, line and reason into a rejects file; the rest goes on. Raises InvalidInput
        when a path does not exist or nothing was usable.
        """
        raise NotImplementedError
