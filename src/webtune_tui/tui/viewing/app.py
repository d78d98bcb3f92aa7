"""The app opened straight at a file: no workspace is opened or made before something is imported."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

from textual.screen import Screen

from webtune_tui import settings as settings_module
from webtune_tui.services.viewed_file import ViewedFile
from webtune_tui.settings import Settings
from webtune_tui.tui import quick_escape
from webtune_tui.tui.app import WebtuneApp, collect_garbage_rarely
from webtune_tui.tui.viewing.screen import FileScreen


def run_viewer(workspace: Path, file: Path) -> int:
    """Opens a file in the app and answers the exit code; ``workspace`` is where an import would go.

    Raises:
        InvalidInput, StorageFailed: the file can't be read. UsageError: a settings file or the environment is off.
    """
    quick_escape.install()
    app = ViewingApp(workspace, settings_module.load(workspace), file)
    collect_garbage_rarely()
    gc.enable()
    app.run()
    return app.return_code or 0


class ViewingApp(WebtuneApp):
    """The app with a file in front. The other screens come with the workspace, once a file is imported."""

    def __init__(self, workspace: Path, settings: Settings, file: Path) -> None:
        self._file_screen = FileScreen(ViewedFile(file))
        super().__init__(workspace, settings)

    def get_default_screen(self) -> Screen[Any]:
        """The file."""
        return self._file_screen

    async def begin(self) -> None:
        """Nothing but the file is opened."""

    async def action_show_stage(self, name: str) -> None:
        """Goes to a stage's screen, once there is a workspace."""
        if self.services is None:
            self.notify("No workspace is open: i imports the file into one, webtune alone opens it.")
            return
        await super().action_show_stage(name)

    @property
    def is_opening(self) -> bool:
        """Never: a workspace is opened when it is asked for."""
        return False

    async def open_workspace(self) -> None:
        """Opens the workspace, or makes it; returns when the services may be used. The screen stays.

        Raises WebtuneError as opening a workspace does.
        """
        self._has_chosen_screen = True
        if self.services is None:
            await self._open_services().wait()
