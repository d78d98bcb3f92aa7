"""Personal data and secrets in the records of the dataset: counted by kind and domain, each find masked and opened."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import aclosing

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.pace import Pace
from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.services.private_data import PrivateDataService, PrivateFindings, PrivateHit
from webtune_tui.tui import error_display
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.progress import progress_line
from webtune_tui.tui.presentation.text_layout import fit

_DRAW_SECONDS = 0.1
_MOST_HITS = 2_000
_STATE_CELLS = 66
_MASK_CELLS = 16


class PrivateData(Dialog[None]):
    """Kinds at the left, the finds of one at the right; ``open_record`` shows the record of a find."""

    DEFAULT_CSS = """
    PrivateData > .dialog-box { width: 110; }
    PrivateData #private-state { height: auto; max-height: 3; margin-bottom: 1; }
    PrivateData #private-state.-failed { color: $text-error; }
    PrivateData Horizontal.private-lists { height: 16; max-height: 45vh; }
    PrivateData OptionList, PrivateData OptionList:focus { background: $surface; border: none; padding: 0; }
    PrivateData OptionList { height: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
    PrivateData #private-kinds { width: 34; border-right: vkey $border-blurred; }
    PrivateData #private-hits { width: 1fr; padding: 0 0 0 1; }
    """

    def __init__(self, service: PrivateDataService, open_record: Callable[[int], None]) -> None:
        super().__init__("Personal data and secrets")
        self._service = service
        self._open_record = open_record
        self._found = PrivateFindings()
        self._kinds: list[str] = []
        self._hits: list[PrivateHit] = []

    def compose_content(self) -> ComposeResult:
        yield Static("", id="private-state", markup=False)
        with Horizontal(classes="private-lists"):
            yield OptionList(id="private-kinds", markup=False)
            yield OptionList(id="private-hits", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Close", id="private-close", variant="primary")

    def on_mount(self) -> None:
        self.look()

    @work(group="private", exclusive=True, exit_on_error=False)
    async def look(self) -> None:
        """Looks through the records; leaving gives it up."""
        pace, drawn_at = Pace(), 0.0
        try:
            async with aclosing(self._service.finding(limit=_MOST_HITS)) as events:
                async for event in events:
                    if isinstance(event, PrivateFindings):
                        self._show(event)
                    elif time.monotonic() - drawn_at >= _DRAW_SECONDS:
                        drawn_at = time.monotonic()
                        self._progress(event, pace)
        except WebtuneError as error:
            self._say(Content(display(error_display.words(error), limit=600)), failed=True)

    def _progress(self, event: Progressed, pace: Pace) -> None:
        words = pace.words(event.stage, event.done, event.total, event.unit)
        self._say(progress_line(event, words, _STATE_CELLS, key="esc"))

    def _show(self, found: PrivateFindings) -> None:
        self._found = found
        if not found.total:
            self._say(Content("None that the rules know. Names and postal addresses of people are not looked for."))
            self.query_one(".private-lists").display = False
            self.query_one("#private-close").focus()
            return
        more = f"; the first {len(found.hits):,} are listed" if len(found.hits) < found.total else ""
        words = f"{figures.count(found.total, 'find')} in the records{more}. Enter opens the record."
        self._say(Content(words))
        self._kinds = sorted(found.kinds, key=lambda kind: (-sum(found.kinds[kind].values()), kind))
        kinds = self.query_one("#private-kinds", OptionList)
        kinds.add_options([Option(self._kind_row(kind)) for kind in self._kinds])
        kinds.highlighted = 0
        kinds.focus()

    def _kind_row(self, kind: str) -> Content:
        domains = self._found.kinds[kind].most_common(3)
        parts: list[Content | str | tuple[str, str]] = [
            (f" {fit(kind.replace('_', ' '), 22)}", "bold"),
            (f"{sum(self._found.kinds[kind].values()):>8,}", ""),
        ]
        for domain, number in domains:
            parts.append((f"\n   {fit(display_line(domain or 'no domain', limit=100), 20)}{number:>8,}", "$text-muted"))
        return Content.assemble(*parts)

    @on(OptionList.OptionHighlighted, "#private-kinds")
    def _kind_moved(self, event: OptionList.OptionHighlighted) -> None:
        kind = self._kinds[event.option_index]
        self._hits = [hit for hit in self._found.hits if hit.found.kind == kind]
        hits = self.query_one("#private-hits", OptionList)
        hits.clear_options()
        hits.add_options([Option(_hit_row(hit)) for hit in self._hits])
        hits.highlighted = 0 if self._hits else None

    @on(OptionList.OptionSelected, "#private-kinds")
    def _kind_chosen(self) -> None:
        self.query_one("#private-hits").focus()

    @on(OptionList.OptionSelected, "#private-hits")
    def _hit_chosen(self, event: OptionList.OptionSelected) -> None:
        self._open_record(self._hits[event.option_index].record_id)

    @on(Button.Pressed)
    def close(self) -> None:
        """Ends; a look under way is given up."""
        self.dismiss(None)

    def _say(self, words: Content, *, failed: bool = False) -> None:
        state = self.query_one("#private-state", Static)
        state.set_class(failed, "-failed")
        state.update(words)


def _hit_row(hit: PrivateHit) -> Content:
    return Content.assemble(
        (f" {fit(display_line(hit.found.masked, limit=60), _MASK_CELLS)}", ""),
        (f" {display_line(hit.found.field_path, limit=80)}", "$text-muted"),
    )
