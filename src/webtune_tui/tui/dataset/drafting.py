"""Edits that were typed and not saved: offered when the screen opens, and gone on with."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual.binding import Binding, BindingType

from webtune_tui.domain.errors import NotFound
from webtune_tui.tui.dataset.editing import Editing
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.part import DatasetPart
from webtune_tui.tui.parts import heard
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.widgets.draft_offer import DraftOffer


class Drafting(DatasetPart):
    """Goes on with the newest draft."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("E", "resume_draft", "Draft", show=False, tooltip="Go on with an edit that was not saved"),
    ]
    EDITING = frozenset({"resume_draft"})

    def __init__(self, screen: DatasetFrame, editing: Editing) -> None:
        super().__init__(screen)
        self._editing = editing

    def offers(self, action: str) -> bool:
        """Everywhere."""
        return True

    async def shown(self) -> None:
        """Offers an edit that was typed and not saved."""
        screen = self._screen
        if screen.version is None or screen.is_read_only or screen.is_editing:
            return
        draft = await asyncio.to_thread(screen.drafts.newest)
        screen.query_one(DraftOffer).offer(draft)
        if draft is not None:
            screen.say(f"An edit of {figures.local_date(draft.saved_at)} was not saved: E goes on with it", "-care")

    @heard(DraftOffer.Taken)
    def action_resume_draft(self) -> None:
        """Goes on with the edit that was typed last and not saved."""
        if not self._screen.refuses_editing():
            self._screen.queue(self._open_newest, "editor")

    async def _open_newest(self) -> None:
        screen = self._screen
        draft = await asyncio.to_thread(screen.drafts.newest)
        if draft is None:
            screen.say("Nothing is left unsaved")
            return
        try:
            if (place := screen.table.find(draft.example_id)) is not None:
                screen.table.cursor = place  # where one is after the edit
            await self._editing.open(draft.example_id)
        except NotFound:
            await asyncio.to_thread(screen.drafts.forget, draft.example_id)
            screen.say("The example of the unsaved edit is no longer in the dataset", "-care")
