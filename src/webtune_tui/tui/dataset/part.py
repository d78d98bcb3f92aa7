"""What every part of the Dataset screen has: where its keys are offered, and what it does at the screen's occasions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from textual.widget import Widget

from webtune_tui.tui.parts import Part

if TYPE_CHECKING:
    from webtune_tui.tui.dataset.frame import DatasetFrame


class DatasetPart(Part):
    """A capability of the screen: keys, actions, and what it does when an example, a view or an edit changes."""

    ONLY_IN_TABLE: ClassVar[bool] = False
    """Whether its keys mean something only where the table of examples is in front."""

    def __init__(self, screen: DatasetFrame) -> None:
        self._screen = screen

    def offers(self, action: str) -> bool:
        """Whether a key of it means something now."""
        return not self._screen.is_editing and (not self.ONLY_IN_TABLE or self._screen.view == "examples")

    async def services_ready(self) -> None:
        """Called once, when the services may be used."""

    async def shown(self) -> None:
        """Called each time the screen comes to the front and shows the working version."""

    def step_back(self) -> bool:
        """Closes what is open of it, the innermost first; whether anything was."""
        return False


class ViewPart(DatasetPart, ABC):
    """A capability with a view of its own, in the place of the table. Its pane asks, the part does the work."""

    VIEW: ClassVar[str] = ""
    """The name of the view, and of the action that opens it."""

    @abstractmethod
    def compose(self) -> Widget:
        """The pane; its id is the name of the view."""

    @abstractmethod
    def focus(self) -> None:
        """Puts the keys where the view begins."""

    @property
    def shows_edits(self) -> bool:
        """Whether the view changes with each edit, so that one is undone and done again in it."""
        return type(self).edited is not ViewPart.edited

    def edited(self) -> None:
        """Shows the view as it is after an edit was undone or done again."""

    def offers(self, action: str) -> bool:
        """Its own key where it isn't open yet."""
        return super().offers(action) and (action != self.VIEW or self._screen.view != self.VIEW)

    def step_back(self) -> bool:
        """Leaves the view, when it is in front."""
        if self._screen.view != self.VIEW:
            return False
        self.leave()
        return True

    def leave(self) -> None:
        """Goes back to the table."""
        self._screen.show_view("examples" if self._screen.version else "empty")
