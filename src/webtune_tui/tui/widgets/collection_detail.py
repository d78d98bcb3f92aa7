"""One collection in panels: its state, records, error rows, rejects, what changed, and its log."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from webtune_tui.domain.jobs import JobEvent
from webtune_tui.domain.records import Collection
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.drift import CollectionDrift
from webtune_tui.services.rejects import Reject
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.collections import drift_words
from webtune_tui.tui.widgets.choice_bar import ChoiceBar
from webtune_tui.tui.widgets.event_log import EventLog
from webtune_tui.tui.widgets.record_list import Read, RecordList
from webtune_tui.tui.widgets.reject_list import RejectList, place_of
from webtune_tui.tui.widgets.steady_text import SteadyText

PANES = ("status", "records", "errors", "rejects", "changes", "log")


class CollectionDetail(Horizontal):
    """State at the left, the other panes by turns at the right; all by turns where the window is narrow."""

    DEFAULT_CSS = """
    CollectionDetail { height: 1fr; width: 1fr; }
    CollectionDetail #collect-side { width: 44; height: 1fr; }
    CollectionDetail #collect-state { height: auto; max-height: 70%; }
    CollectionDetail #collect-log { height: 1fr; }
    CollectionDetail #collect-panes { width: 1fr; height: 1fr; }
    CollectionDetail .pane { display: none; height: 1fr; }
    CollectionDetail .pane.-taken { display: block; }
    CollectionDetail #collect-tabs { margin-bottom: 1; }
    CollectionDetail .pane-empty { color: $text-muted; height: auto; display: none; }
    """

    def compose(self) -> ComposeResult:
        with Vertical(id="collect-side"):
            with VerticalScroll(id="collect-state", classes="panel"):
                yield SteadyText("", id="collect-status", markup=False)
            log = EventLog(id="collect-log", classes="panel")
            log.border_title = "Log"
            yield log
        with Vertical(id="collect-panes", classes="panel") as panes:
            panes.border_subtitle = Content("[ ] panes")
            yield ChoiceBar([(name, name.title()) for name in PANES], id="collect-tabs")
            with VerticalScroll(id="pane-status", classes="pane"):
                yield SteadyText("", id="collect-status-pane", markup=False)
            for name in ("records", "errors"):
                yield SteadyText("", id=f"empty-{name}", classes="pane-empty", markup=False)
                yield RecordList(id=f"pane-{name}", classes="pane")
            yield SteadyText("", id="empty-rejects", classes="pane-empty", markup=False)
            yield RejectList(id="pane-rejects", classes="pane")
            with VerticalScroll(id="pane-changes", classes="pane"):
                yield Static("", id="collect-changes", markup=False)
            yield EventLog(id="pane-log", classes="pane")

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._opened = ""
        self._counts: dict[str, int] = {}
        self._differs = False

    def on_mount(self) -> None:
        self.tabs.value = "records"
        self._take("records")

    @property
    def tabs(self) -> ChoiceBar:
        """The line of panes."""
        return self.query_one("#collect-tabs", ChoiceBar)

    @property
    def records(self) -> RecordList:
        """The data records."""
        return self.query_one("#pane-records", RecordList)

    @property
    def errors(self) -> RecordList:
        """The error and warning rows."""
        return self.query_one("#pane-errors", RecordList)

    @property
    def rejects(self) -> RejectList:
        """What could not be read."""
        return self.query_one("#pane-rejects", RejectList)

    @property
    def is_narrow(self) -> bool:
        """Whether the state is one of the panes and not beside them."""
        return not self.query_one("#collect-side").display

    def on_resize(self) -> None:
        self.call_after_refresh(self.show_tabs)

    # What is shown

    def show_state(self, words: Content) -> None:
        """The live lines of the collection."""
        self.query_one("#collect-status", Static).update(words)
        self.query_one("#collect-status-pane", Static).update(words)

    @property
    def state_width(self) -> int:
        """How wide the lines of the state may be."""
        wanted = "#pane-status" if self.is_narrow else "#collect-state"
        width = self.query_one(wanted).scrollable_content_region.width
        return width or (self.size.width - 6)

    def show_tabs(self, collection: Collection | None = None, drift: CollectionDrift | None = None) -> None:
        """The names of the panes with their counts."""
        if collection is not None:
            self._counts = {
                "records": stored(collection) or collection.records,
                "errors": collection.errors,
                "rejects": collection.rejected,
            }
            self._differs = drift is not None
        choices = []
        for name in PANES:
            if (name == "status" and not self.is_narrow) or (name == "changes" and not self._differs):
                continue
            count = self._counts.get(name, 0)
            choices.append((name, f"{name.title()} {count:,}" if count else name.title()))
        self.tabs.set_choices(choices)
        self._take(self.tabs.value)

    def open(self, collection: Collection, records: Read, errors: Read) -> None:
        """Begins with a collection; the place in the records stays where it is the same one."""
        is_same = self._opened == collection.collection_id
        self._opened = collection.collection_id
        self.records.open(records, stored(collection), keeps_place=is_same)
        self.errors.open(errors if collection.errors else None, collection.errors)
        self.rejects.show(())
        for log in self.query(EventLog):
            log.clear()
        self.query_one("#collect-changes", Static).update("")
        self.say_what_is_empty(collection)

    def say_what_is_empty(self, collection: Collection, waiting: Content | None = None) -> None:
        """Words in the place of rows that are not there (yet); ``waiting`` says how it goes meanwhile."""
        words: str | Content = "Records are shown here as they arrive."
        if collection.state.is_final:
            words = "No records."
        elif waiting is not None:
            words = waiting
        self._empty("records", words, not self.records.row_count)
        self._empty("errors", "No error or warning rows.", not self.errors.row_count)
        if not self.rejects.row_count:
            self._empty("rejects", "Nothing was rejected.", True)

    def show_rejects(self, rejects: Sequence[Reject], total: int, path: str) -> None:
        """The first rejects and where the whole list lies."""
        self.rejects.show(rejects)
        if rejects:
            self._empty("rejects", f"{figures.count(total, 'reject')}; the whole list: {path}", True)

    def show_drift(self, drift: CollectionDrift | None) -> None:
        """What differs from the collection before."""
        self.query_one("#collect-changes", Static).update(drift_words(drift) if drift is not None else "")

    def show_log(self, lines: Sequence[tuple[str, str, str]]) -> None:
        """The whole log: time, level, message."""
        events = [JobEvent("", time, level, message) for time, level, message in lines]
        for log in self.query(EventLog):
            known = len(log.events)
            if not known or list(log.events) != events[:known]:
                log.clear()
                known = 0
            log.add(events[known:])

    # Panes

    def take(self, name: str) -> None:
        """Shows a pane and puts the focus into it."""
        self.tabs.take(name)
        self.focus_pane()

    def focus_pane(self) -> None:
        """Puts the focus into the pane that is shown."""
        pane = self.query_one(f"#pane-{self.tabs.value}")
        (pane if pane.can_focus else self.tabs).focus()

    @on(ChoiceBar.Chosen, "#collect-tabs")
    def tab_chosen(self, event: ChoiceBar.Chosen) -> None:
        """Shows the chosen pane; the focus goes into it where it was in another."""
        event.stop()
        focused = self.screen.focused
        was_inside = focused is not None and focused.has_class("pane")
        self._take(event.name)
        if was_inside:
            self.focus_pane()

    @on(RecordList.Chosen)
    def record_opened(self, event: RecordList.Chosen) -> None:
        """Shows one record whole."""
        from webtune_tui.tui.modals.record import RecordDetail  # dialogues load when first needed

        listed = event.control
        if isinstance(listed, RecordList) and listed.current is not None:
            self.app.push_screen(RecordDetail(listed.current))

    @on(RejectList.Chosen, "#pane-rejects")
    def reject_opened(self) -> None:
        """Shows one reject whole."""
        from webtune_tui.tui.modals.message import Message

        reject = self.rejects.current
        if reject is not None:
            place = reject.path if reject.line is None else f"{reject.path}, line {reject.line}"
            title = f"Rejected: {place_of(reject)}"
            self.app.push_screen(Message(title, f"{reject.reason}\n\n{place}\n\n{reject.snippet}"))

    def _take(self, name: str) -> None:
        for pane in PANES:
            is_taken = pane == name
            self.query_one(f"#pane-{pane}").set_class(is_taken, "-taken")
            for words in self.query(f"#empty-{pane}"):
                words.display = is_taken and words.has_class("-said")

    def _empty(self, name: str, words: str | Content, is_said: bool) -> None:
        line = self.query_one(f"#empty-{name}", Static)
        line.update(words if isinstance(words, Content) else Content(display_line(words, limit=300)))
        line.set_class(is_said, "-said")
        line.display = is_said and self.tabs.value == name


def stored(collection: Collection) -> int:
    """How many data records a collection delivered so far, as its counters tell."""
    return collection.new + collection.changed + collection.duplicates
