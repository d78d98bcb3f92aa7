"""The records that made no example: reasons at the left, the records of one reason at the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message

from webtune_tui.domain.datasets import DroppedRecord
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.presentation.recipe_form import by_count, reason_words
from webtune_tui.tui.presentation.text_layout import Part, bar, fit, fit_right
from webtune_tui.tui.widgets.row_view import RowView


class ReasonList(RowView):
    """Reasons with their counts and bars, the most frequent first."""

    HEADER_LINES = 1

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._counts: Sequence[tuple[str, int]] = ()

    def show(self, counts: Mapping[str, int]) -> None:
        """Shows the counts of a run."""
        self._counts = by_count(counts)
        self.set_row_count(len(self._counts))

    @property
    def reason(self) -> str | None:
        """The reason under the cursor."""
        return self._counts[self.cursor][0] if self._counts else None

    @property
    def number(self) -> int:
        """How many records were dropped for the reason under the cursor."""
        return self._counts[self.cursor][1] if self._counts else 0

    def header(self, width: int) -> Sequence[Part]:
        """The total."""
        total = sum(number for _, number in self._counts)
        return [(fit(" why", width - 8) + fit_right(f"{total:,}", 7), "")]

    def row(self, index: int, width: int) -> Sequence[Part]:
        """One reason."""
        reason, number = self._counts[index]
        room = 8 if width >= 36 else 0
        drawn = fit(bar(number, self._counts[0][1], room), room)
        return [
            (fit(f" {reason_words(reason)}", width - 8 - room), ""),
            (fit_right(f"{number:,}", 7), "muted"),
            (" ", ""),
            (drawn, "warn"),
        ]


class DroppedList(RowView):
    """The records of one reason."""

    HEADER_LINES = 1

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._records: Sequence[DroppedRecord] = ()
        self._has_details = False
        self._note = ""

    @property
    def current(self) -> DroppedRecord | None:
        """The record under the cursor."""
        return self._records[self.cursor] if self._records else None

    def show(self, records: Sequence[DroppedRecord], *, total: int) -> None:
        """Shows other records from the top; ``total`` is how many there are of this reason."""
        self._records = records
        self._has_details = any(record.detail for record in records)
        self._note = f" (the first {len(records):,} of {total:,})" if total > len(records) else ""
        self.cursor = 0
        self.set_row_count(len(records))

    def header(self, width: int) -> Sequence[Part]:
        """The names of the columns."""
        title, found = self._columns(width)
        return [(fit(" record", 9) + fit(f"title{self._note}", title) + "  " + fit("found", found), "")]

    def row(self, index: int, width: int) -> Sequence[Part]:
        """One record."""
        record = self._records[index]
        title, found = self._columns(width)
        return [
            (fit_right(f"{record.position:,}", 7) + "  ", "muted"),
            (fit(display_line(record.title or record.collection_id, limit=300), title), ""),
            ("  ", ""),
            (fit(display_line(record.detail, limit=300), found), "muted"),
        ]

    def _columns(self, width: int) -> tuple[int, int]:
        free = max(width - 11, 10)
        title = free * 3 // 5 if self._has_details else free
        return title, free - title


class DroppedRecords(Horizontal):
    """Opens from a count: which records were dropped, and why."""

    DEFAULT_CSS = """
    DroppedRecords { height: 1fr; }
    DroppedRecords ReasonList { width: 40; height: 1fr; border-right: vkey $border-blurred; }
    DroppedRecords DroppedList { width: 1fr; height: 1fr; }
    DroppedRecords.-compact ReasonList { width: 30; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "screen.back", "Back")]

    class ReasonWanted(Message):
        """Show the records of another reason."""

        def __init__(self, reason: str) -> None:
            super().__init__()
            self.reason = reason

    class RecordWanted(Message):
        """Show one dropped record whole."""

        def __init__(self, record: DroppedRecord) -> None:
            super().__init__()
            self.record = record

    def compose(self) -> ComposeResult:
        yield ReasonList(id="dropped-reasons")
        yield DroppedList(id="dropped-list")

    def on_resize(self) -> None:
        """Closer together on a small terminal."""
        self.set_class(self.size.width < 100, "-compact")

    def show_reasons(self, counts: Mapping[str, int]) -> None:
        """Shows the counts of the newest run."""
        reasons = self.query_one(ReasonList)
        reasons.show(counts)
        if reasons.reason:
            self.post_message(self.ReasonWanted(reasons.reason))

    def show_records(self, reason: str, records: Sequence[DroppedRecord]) -> None:
        """Shows the records of a reason, if it is still the one under the cursor."""
        reasons = self.query_one(ReasonList)
        if reasons.reason == reason:
            self.query_one(DroppedList).show(records, total=reasons.number)

    def focus_reasons(self) -> None:
        """The keys go to the reasons."""
        self.query_one(ReasonList).focus()

    @on(RowView.Moved, "#dropped-reasons")
    def _moved(self, event: RowView.Moved) -> None:
        event.stop()
        if reason := self.query_one(ReasonList).reason:
            self.post_message(self.ReasonWanted(reason))

    @on(RowView.Chosen, "#dropped-reasons")
    def _chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        self.query_one(DroppedList).focus()

    @on(RowView.Moved, "#dropped-list")
    def _record_moved(self, event: RowView.Moved) -> None:
        event.stop()

    @on(RowView.Chosen, "#dropped-list")
    def _record_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        if record := self.query_one(DroppedList).current:
            self.post_message(self.RecordWanted(record))
