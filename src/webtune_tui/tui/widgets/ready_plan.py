"""A plan that is made already, with what it is for: the failed inputs of a collection, sent again."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.collect import CollectPlan
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.collections import input_words
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.text_layout import Part, fit
from webtune_tui.tui.source_forms.base import Gap, SourceForm
from webtune_tui.tui.widgets.row_view import RowView

if TYPE_CHECKING:
    from webtune_tui.bootstrap import Services


class FailedInputTable(RowView):
    """Code, input and the service's words."""

    DEFAULT_CSS = "FailedInputTable { height: 1fr; min-height: 4; }"

    def __init__(self, failed: Sequence[Any]) -> None:
        super().__init__()
        self._failed = failed

    def on_mount(self) -> None:
        self.set_row_count(len(self._failed))

    def row(self, index: int, width: int) -> Sequence[Part]:
        failed = self._failed[index]
        room = max(width - 2 - 16, 10)
        return [
            (f"{GLYPHS.failed} ", "bad"),
            (fit(display_line(failed.code, limit=40), 15) + " ", "bad"),
            (fit(input_words(failed.input), room // 2) + "  ", ""),
            (display_line(failed.message, limit=200), "muted"),
        ]


class RetryForm(SourceForm):
    """Shows what is sent again and why it failed; nothing in it can be changed."""

    def __init__(self, services: Services, plan: CollectPlan, failed: Sequence[Any]) -> None:
        super().__init__(services)
        self._ready = plan
        self._failed = failed

    def compose(self) -> ComposeResult:
        words = f"{figures.count(len(self._failed), 'input')} failed. They make a new, priced collection of their own."
        yield Static(Content(words), classes="form-note", markup=False)
        yield FailedInputTable(self._failed)

    def on_mount(self) -> None:
        self.query_one(FailedInputTable).focus()
        self.tell()

    def focus_first(self) -> None:
        self.query_one(FailedInputTable).focus()

    def state(self) -> Hashable:
        return self._ready.collection_id

    def gap(self) -> Gap | None:
        return None

    async def plan(self) -> CollectPlan:
        return self._ready
