"""What every dialogue shares: a box in the middle, a title, words, buttons, esc to leave."""

from __future__ import annotations

from typing import ClassVar, Self, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalGroup, VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.screen import ModalScreen

from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.tui.error_display import ReportsErrors

Answer = TypeVar("Answer")
LOW = 32  # lines below which a dialogue saves height


class Dialog(ModalScreen[Answer | None], ReportsErrors):
    """A box over the screen. Subclasses give ``compose_content`` and, where they need, ``compose_buttons``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "leave", "Back"),
        ("left", "app.focus_previous", ""),
        ("right", "app.focus_next", ""),
    ]
    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 60%; }
    Dialog > .dialog-box {
        width: 72; max-width: 94%; height: auto; max-height: 94%;
        background: $surface; border: round $border; border-title-color: $primary; border-title-style: bold;
        padding: 1 2 0 2;
    }
    Dialog.-danger > .dialog-box { border: round $error; border-title-color: $error; }
    Dialog .dialog-content { height: auto; max-height: 65vh; }
    Dialog .dialog-buttons { height: auto; align-horizontal: right; margin-top: 1; }
    Dialog .dialog-buttons Button { margin-left: 2; }
    """

    def __init__(self, title: str) -> None:
        super().__init__()
        self.dialog_title = title

    def compose(self) -> ComposeResult:
        with VerticalGroup(classes="dialog-box") as box:
            box.border_title = Content(f" {display_line(self.dialog_title, limit=60)} ")
            with VerticalScroll(classes="dialog-content", can_focus=False):
                yield from self.compose_content()
            with Horizontal(classes="dialog-buttons"):
                yield from self.compose_buttons()

    def compose_content(self) -> ComposeResult:
        """What stands in the box."""
        yield from ()

    def compose_buttons(self) -> ComposeResult:
        """The buttons, the safe one first."""
        yield from ()

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Draws the whole of it where a part behind it changed.

        Textual 8.2.8 would draw that part alone, and forget what else was to be drawn at that moment.
        """
        return super().refresh(repaint=repaint, layout=layout, recompose=recompose)

    def action_leave(self) -> None:
        """Leaves without an answer."""
        self.dismiss(None)


def shown(text: str) -> Content:
    """Outside text as content that can't act."""
    return Content(display(text))
