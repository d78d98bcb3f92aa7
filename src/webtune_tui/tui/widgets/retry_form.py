"""The failed inputs of a collection, to be sent again as a collection of their own."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.collect import CollectPlan
from webtune_tui.services.failed_inputs import FailedInput
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.collections import input_words
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.text_layout import Part, fit
from webtune_tui.tui.source_forms.base import Gap, SourceForm
from webtune_tui.tui.widgets.choice_bar import ChoiceBar
from webtune_tui.tui.widgets.row_view import RowView

if TYPE_CHECKING:
    from webtune_tui.bootstrap import Services


_WORTH, _EVERY = "worth", "every"


class FailedInputTable(RowView):
    """Code, input and the service's words."""

    DEFAULT_CSS = "FailedInputTable { height: 1fr; min-height: 4; }"

    def __init__(self, failed: Sequence[FailedInput]) -> None:
        super().__init__()
        self._failed = failed

    def on_mount(self) -> None:
        self.set_row_count(len(self._failed))

    def row(self, index: int, width: int) -> Sequence[Part]:
        failed = self._failed[index]
        room = max(width - 2 - 16, 10)
        style = "warn" if failed.may_be_retried else "bad"
        return [
            (f"{GLYPHS.failed} ", style),
            (fit(display_line(failed.code, limit=40), 15) + " ", style),
            (fit(input_words(failed.input), room // 2) + "  ", ""),
            (display_line(failed.message, limit=200), "muted"),
        ]


class RetryForm(SourceForm):
    """Those that failed for a trouble on the way, or every one; dead pages and bad inputs fail again."""

    def __init__(self, services: Services, collection_id: str, failed: Sequence[FailedInput]) -> None:
        super().__init__(services)
        self._collection_id = collection_id
        self._failed = sorted(failed, key=lambda one: not one.may_be_retried)

    def compose(self) -> ComposeResult:
        worth = sum(one.may_be_retried for one in self._failed)
        total = len(self._failed)
        words = f"{figures.count(total, 'input')} failed. What is sent again is a new, priced collection."
        yield Static(Content(words), classes="form-note", markup=False)
        yield ChoiceBar([(_WORTH, f"{worth:,} worth another try"), (_EVERY, f"all {total:,}")], id="retry-which")
        yield FailedInputTable(self._failed)

    def on_mount(self) -> None:
        self.query_one(FailedInputTable).focus()
        self.tell()

    def focus_first(self) -> None:
        self.query_one(FailedInputTable).focus()

    def state(self) -> Hashable:
        return self.query_one(ChoiceBar).value

    def gap(self) -> Gap | None:
        return None

    async def plan(self) -> CollectPlan:
        return await self.services.collect.retry_plan(self._collection_id, every=self.state() == _EVERY)

    def action_switch(self) -> None:
        """Takes the other choice."""
        self.query_one(ChoiceBar).action_step(1)

    @on(ChoiceBar.Chosen)
    def choice_changed(self) -> None:
        """Another choice is another price."""
        self.tell()
