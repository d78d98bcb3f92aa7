"""From a viewed file into the workspace: asks, opens the workspace where none is open, and follows the import there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.screens.collect import CollectScreen
from webtune_tui.tui.source_forms.base import ImportRequest
from webtune_tui.tui.viewing.app import ViewingApp

if TYPE_CHECKING:
    from webtune_tui.tui.viewing.screen import FileScreen


async def import_into_workspace(screen: FileScreen) -> None:
    """Imports the file after a yes. Raises WebtuneError as opening a workspace does."""
    app, viewed = screen.webtune, screen.viewed
    question = (
        f"{display_line(viewed.path.name, limit=100)} ({figures.size(viewed.file.size)}) is copied into the workspace "
        f"{display_line(app.workspace_path, limit=200)} and its rows become records there. They can then be prepared, "
        "edited and exported; the file itself stays as it is."
    )
    if not await screen.confirm("Import the file", question, yes="Import", no="Only look", harmless=True):
        return
    if isinstance(app, ViewingApp):
        screen.say("Opening the workspace")
        await app.open_workspace()
        screen.say("")
    if app.place.is_read_only:
        app.notify(app.place.read_only_reason, severity="warning")
        return
    if app.services is None:
        return
    await app.action_show_stage("collect")
    collect = app.screen
    if isinstance(collect, CollectScreen):
        collect.start(ImportRequest((viewed.path.absolute(),)))
