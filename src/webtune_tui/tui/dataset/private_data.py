"""Personal data and secrets in the records of the version, masked."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.looking_at_dropped import LookingAtDropped
from webtune_tui.tui.dataset.part import DatasetPart


class LookingForPrivate(DatasetPart):
    """Lists them by kind and domain."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("P", "private", "Private", show=False, tooltip="Personal data and secrets by kind and domain, masked"),
    ]

    def __init__(self, screen: DatasetFrame, dropped: LookingAtDropped) -> None:
        super().__init__(screen)
        self._dropped = dropped

    def action_private(self) -> None:
        """Shows the personal data in the records of this version, masked."""
        if self._screen.version is None:
            self._screen.say("There is no dataset yet: p opens the recipe, r runs it")
        elif not self._screen.is_editing:
            self._screen.launch(self._look, "private")

    async def _look(self) -> None:
        from webtune_tui.tui.modals.private_data import PrivateData  # dialogues load when they are first needed

        screen = self._screen
        await screen.app.push_screen(PrivateData(screen.services.private_data, self._dropped.open_record))
