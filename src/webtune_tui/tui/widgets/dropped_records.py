"""The records that made no example: reasons at the left, the records of one reason at the right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message

from webtune_tui.domain.datasets import DroppedRecord
from webtune_tui.domain.examples import Message as ChatMessage
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.recipe_form import by_count, reason_words
from webtune_tui.tui.presentation.step_preview import dropped_lines
from webtune_tui.tui.presentation.text_layout import Part, StyledLine, bar, fit, fit_right
from webtune_tui.tui.widgets.row_view import RowView
from webtune_tui.tui.widgets.styled_lines import StyledLines


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
    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "mark", "Mark", show=False)]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._records: Sequence[DroppedRecord] = ()
        self._has_details = False
        self._sizes: Counter[str] = Counter()
        self._note = ""
        self._marks: set[str] = set()
        self.waiting: frozenset[str] = frozenset()

    @property
    def current(self) -> DroppedRecord | None:
        """The record under the cursor."""
        return self._records[self.cursor] if self._records else None

    @property
    def chosen(self) -> Sequence[DroppedRecord]:
        """The marked records, or the one under the cursor."""
        marked = [one for one in self._records if one.example_id in self._marks]
        return marked or ([self.current] if self.current else [])

    def count_of(self, keeper_id: str) -> int:
        """How many of the listed records went for the same example."""
        return sum(1 for one in self._records if one.keeper_id == keeper_id)

    def show_waiting(self, waiting: frozenset[str]) -> None:
        """Says which examples come back with the next run."""
        self.waiting = waiting
        self._marks.clear()
        self.refresh()

    def action_mark(self) -> None:
        """Marks or unmarks the record and goes to the next."""
        if self.current is not None and self.current.example_id:
            self._marks ^= {self.current.example_id}
            self.refresh()
            self.cursor += 1

    def clicked(self, row: int, x: int, event: object) -> None:
        """A click on the left margin marks."""
        if x < 2:
            self.action_mark()

    def show(self, records: Sequence[DroppedRecord], *, total: int) -> None:
        """Shows other records from the top; ``total`` is how many there are of this reason."""
        self._records = records
        self._marks.clear()
        self._has_details = any(record.detail for record in records)
        self._sizes = Counter(record.keeper_id for record in records if record.keeper_id)
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
        is_waiting = record.example_id in self.waiting
        sign = GLYPHS.active if record.example_id in self._marks else GLYPHS.arrow if is_waiting else " "
        return [
            (sign, "good" if is_waiting else "accent"),
            (fit_right(f"{record.position:,}", 6) + "  ", "muted"),
            (fit(display_line(record.title or record.collection_id, limit=300), title), ""),
            ("  ", ""),
            (fit(self._found_words(index), found), "muted"),
        ]

    def _found_words(self, index: int) -> str:
        """What the step found; a duplicate says how many went for the same example, those below it that they did."""
        record = self._records[index]
        size = self._sizes[record.keeper_id] if record.keeper_id else 0
        if size < 2:
            return display_line(record.detail, limit=300)
        is_first = index == 0 or self._records[index - 1].keeper_id != record.keeper_id
        return f"{size:,} rows {display_line(record.detail, limit=300)}" if is_first else "  the same"

    def _columns(self, width: int) -> tuple[int, int]:
        free = max(width - 11, 10)
        title = free * 3 // 5 if self._has_details else free
        return title, free - title


class DroppedRecords(Horizontal):
    """Opens from a count: which records were dropped, why, and what each one would be beside what stayed for it."""

    DEFAULT_CSS = """
    DroppedRecords { height: 1fr; }
    DroppedRecords ReasonList { width: 40; height: 1fr; border-right: vkey $border-blurred; }
    DroppedRecords #dropped-right { width: 1fr; height: 1fr; }
    DroppedRecords DroppedList { width: 1fr; height: 1fr; }
    DroppedRecords #dropped-pair { height: 45%; border-top: hkey $border-blurred; padding: 0 0 0 1; }
    DroppedRecords.-compact ReasonList { width: 30; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "restore", "Bring back"),
        Binding("B", "restore_many", "Many back", tooltip="Brings back all of a reason, or what meets a condition"),
        Binding("escape", "screen.back", "Back"),
    ]

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

    class PairWanted(RecordWanted):
        """Show what a record would be, beside the example that stayed for it."""

    class RestoreWanted(Message):
        """Bring records back."""

        def __init__(self, records: Sequence[DroppedRecord]) -> None:
            super().__init__()
            self.records = records

    class ManyWanted(Message):
        """Bring back many records, perhaps those of a reason."""

        def __init__(self, reason: str) -> None:
            super().__init__()
            self.reason = reason

    def compose(self) -> ComposeResult:
        yield ReasonList(id="dropped-reasons")
        with Vertical(id="dropped-right"):
            yield DroppedList(id="dropped-list")
            yield StyledLines(id="dropped-pair")

    def on_resize(self) -> None:
        """Closer together on a small terminal."""
        self.set_class(self.size.width < 100, "-compact")

    def show_reasons(self, counts: Mapping[str, int]) -> None:
        """Shows the counts of the newest run."""
        reasons = self.query_one(ReasonList)
        reasons.show(counts)
        self.query_one("#dropped-pair", StyledLines).show(None)
        if reasons.reason:
            self.post_message(self.ReasonWanted(reasons.reason))
        else:
            self.query_one(DroppedList).show((), total=0)

    def show_records(self, reason: str, records: Sequence[DroppedRecord]) -> None:
        """Shows the records of a reason, if it is still the one under the cursor."""
        reasons = self.query_one(ReasonList)
        if reasons.reason == reason:
            self.query_one(DroppedList).show(records, total=reasons.number)
            self._want_pair()

    def show_pair(self, record: DroppedRecord, kept: Sequence[ChatMessage], gone: Sequence[ChatMessage]) -> None:
        """Shows what a record would be; ``kept`` is the example that stayed for it, if one did."""
        listed = self.query_one(DroppedList)
        if listed.current != record:
            return
        cluster = listed.count_of(record.keeper_id)

        def lines(width: int) -> Sequence[StyledLine]:
            return dropped_lines(record, kept, gone, width, cluster=cluster)

        self.query_one("#dropped-pair", StyledLines).show(lines)

    def show_waiting(self, waiting: frozenset[str]) -> None:
        """Says which examples come back with the next run."""
        self.query_one(DroppedList).show_waiting(waiting)

    def focus_reasons(self) -> None:
        """The keys go to the reasons."""
        self.query_one(ReasonList).focus()

    def action_restore(self) -> None:
        """Brings the marked records back, or the one under the cursor."""
        self.post_message(self.RestoreWanted(self.query_one(DroppedList).chosen))

    def action_restore_many(self) -> None:
        """Asks which records shall come back; those of the reason under the cursor are proposed."""
        self.post_message(self.ManyWanted(self.query_one(ReasonList).reason or ""))

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
        self._want_pair()

    @on(RowView.Chosen, "#dropped-list")
    def _record_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        if record := self.query_one(DroppedList).current:
            self.post_message(self.RecordWanted(record))

    def _want_pair(self) -> None:
        if record := self.query_one(DroppedList).current:
            self.post_message(self.PairWanted(record))
