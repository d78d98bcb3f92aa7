"""What of a collection could not be used, with file, line and reason."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Static

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.rejects import Reject
from webtune_tui.tui.modals.dialog import Dialog, shown
from webtune_tui.tui.presentation import figures


class Rejects(Dialog[None]):
    """The first rejects; the whole list lies in ``path``."""

    DEFAULT_CSS = """
    Rejects > .dialog-box { width: 110; }
    Rejects .rejects-path { color: $text-muted; margin-bottom: 1; }
    """

    def __init__(self, rejects: Sequence[Reject], total: int, path: Path) -> None:
        super().__init__(figures.count(total, "reject"))
        self.rejects = rejects
        self.total = total
        self.path = path

    def compose_content(self) -> ComposeResult:
        yield Static(
            shown(f"The whole list, one JSON object a line: {self.path}"), classes="rejects-path", markup=False
        )
        yield Static(Content("\n").join([_line(reject) for reject in self.rejects]), markup=False)
        if self.total > len(self.rejects):
            yield Static(f"… and {self.total - len(self.rejects):,} more", classes="muted", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Close", id="rejects-close", variant="primary")

    def on_mount(self) -> None:
        self.query_one(".dialog-content").can_focus = True
        self.query_one("#rejects-close").focus()

    @on(Button.Pressed)
    def close(self) -> None:
        """Back to the collection."""
        self.dismiss(None)


def _line(reject: Reject) -> Content:
    place = display_line(Path(reject.path).name, limit=40)
    if reject.line is not None:
        place += f":{reject.line}"
    snippet = display_line(reject.snippet, limit=80)
    return Content.assemble(
        (f"{place}  ", "$accent"), display_line(reject.reason, limit=200), (f"  {snippet}", "$text-muted")
    )
