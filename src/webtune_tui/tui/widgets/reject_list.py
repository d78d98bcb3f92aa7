"""What of a collection could not be used, one line each: where it stood and why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.rejects import Reject
from webtune_tui.tui.presentation.text_layout import Part, fit
from webtune_tui.tui.widgets.row_view import RowView


class RejectList(RowView):
    """The first rejects; the whole list lies in a file."""

    DEFAULT_CSS = "RejectList { height: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.rejects: Sequence[Reject] = ()

    def show(self, rejects: Sequence[Reject]) -> None:
        """Shows these rejects from the first on."""
        self.rejects = rejects
        self.cursor = 0
        self.set_row_count(len(rejects))

    @property
    def current(self) -> Reject | None:
        """The reject under the cursor."""
        return self.rejects[self.cursor] if self.cursor < len(self.rejects) else None

    def row(self, index: int, width: int) -> Sequence[Part]:
        reject = self.rejects[index]
        return [
            (fit(place_of(reject), min(max(width // 3, 16), 40)) + " ", "accent"),
            (display_line(reject.reason, limit=200), ""),
            (f"  {display_line(reject.snippet, limit=200)}", "muted"),
        ]


def place_of(reject: Reject) -> str:
    """``rows.jsonl:12``."""
    name = display_line(Path(reject.path).name or reject.path, limit=200)
    return name if reject.line is None else f"{name}:{reject.line}"
