"""One record as it came, whole."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Static

from webtune_tui.domain.records import Record
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.modals.dialog import Dialog, shown
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.collections import record_json, title_of


class RecordDetail(Dialog[None]):
    """Provenance on top, the fields as JSON below."""

    DEFAULT_CSS = """
    RecordDetail > .dialog-box { width: 110; }
    RecordDetail .record-origin { color: $text-muted; margin-bottom: 1; }
    """

    def __init__(self, record: Record) -> None:
        super().__init__(title_of(record.fields))
        self.record = record

    def compose_content(self) -> ComposeResult:
        record = self.record
        facts = [f"{record.kind} record {record.position} of {record.collection_id}"]
        if record.url:
            facts.append(display_line(record.url, limit=300))
        if record.collected_at:
            facts.append(f"collected {figures.local_date(record.collected_at)}")
        yield Static(Content("\n".join(facts)), classes="record-origin", markup=False)
        yield Static(shown(record_json(record)), markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Close", id="record-close", variant="primary")

    def on_mount(self) -> None:
        self.query_one(".dialog-content").can_focus = True
        self.query_one("#record-close").focus()

    @on(Button.Pressed)
    def close(self) -> None:
        """Back to the list."""
        self.dismiss(None)
