"""An edit of many examples before it is made: its options, and live what it would do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import HorizontalGroup
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Button, Checkbox, Input, Select, Static

from webtune_tui.domain.edit_steps import EditPreview
from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.examples import Split
from webtune_tui.domain.options import Option, options_of
from webtune_tui.domain.selections import Selection
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.pipeline.edit import operation_class, operation_of
from webtune_tui.pipeline.edits.base import ROLES, Operation
from webtune_tui.services.editing import PREVIEW_SECONDS, EditingService
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation.bulk import preview_words, sample_lines
from webtune_tui.tui.presentation.text_layout import StyledLine
from webtune_tui.tui.widgets.styled_lines import StyledLines

_PAUSE_SECONDS = 0.25
_SAMPLES = 5


class BulkForm(Dialog[Operation]):
    """Answers the operation as it was filled in, or ``None``. ``given`` are options that need no field."""

    APPLY: ClassVar[str] = "Apply"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "apply", "Apply")]
    DEFAULT_CSS = """
    BulkForm > .dialog-box { width: 100; padding: 0 2; }
    BulkForm .dialog-content { max-height: 80vh; }
    BulkForm #bulk-told { color: $primary; }
    BulkForm .bulk-field { height: 1; }
    BulkForm .bulk-label { width: 20; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
    BulkForm .bulk-field Input, BulkForm .bulk-field Input:focus { width: 1fr; background: $panel; padding: 0 1; }
    BulkForm .bulk-field Input:focus { background: $block-cursor-blurred-background; }
    BulkForm .bulk-field Select { width: 30; }
    BulkForm .bulk-field Checkbox { margin-right: 2; }
    BulkForm #bulk-preview { height: auto; max-height: 2; margin-top: 1; }
    BulkForm #bulk-preview.-care { color: $text-warning; }
    BulkForm #bulk-samples { height: 14; max-height: 35vh; border-top: hkey $border-blurred; }
    BulkForm .dialog-buttons { margin-top: 0; }
    """

    def __init__(
        self,
        name: str,
        title: str,
        selection: Selection,
        told: str,
        editing: EditingService,
        given: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(title)
        self._operation = name
        self._selection = selection
        self._told = told
        self._editing = editing
        self._given = dict(given or {})
        self._fields = [one for one in options_of(operation_class(name)) if one.name not in self._given]
        self._pause: Timer | None = None
        self._is_ready = False

    def compose_content(self) -> ComposeResult:
        yield Static(Content(display_line(self._told, limit=180)), id="bulk-told", markup=False)
        yield from self.compose_fields()
        yield Static("", id="bulk-preview", markup=False)
        yield StyledLines(id="bulk-samples")

    def compose_fields(self) -> Iterator[Widget]:
        """A line for each option."""
        for field in self._fields:
            label = Static(Content(field.label), classes="bulk-label", markup=False)
            row = HorizontalGroup(label, *_widgets(field), classes="bulk-field")
            row.tooltip = Content(field.help)
            yield row

    def compose_buttons(self) -> ComposeResult:
        yield Button("Cancel", id="bulk-cancel", compact=True)
        yield Button(self.APPLY, id="bulk-apply", variant="primary", compact=True, disabled=True)

    def on_mount(self) -> None:
        self._look()

    # What is typed

    @property
    def values(self) -> dict[str, Any]:
        """The options as they were filled in."""
        values: dict[str, Any] = dict(self._given)
        for field in self._fields:
            if field.kind is list:
                values[field.name] = [role for role in ROLES if self.query_one(f"#bulk-{role}", Checkbox).value]
                continue
            widget = self.query_one(f"#bulk-{field.name}")
            match widget:
                case Checkbox():
                    values[field.name] = widget.value
                case Select():
                    values[field.name] = "" if widget.value is Select.NULL else widget.value
                case Input():
                    if widget.value or field.kind is str:
                        values[field.name] = widget.value
        return values

    @on(Input.Changed)
    @on(Select.Changed)
    @on(Checkbox.Changed)
    def typed(self) -> None:
        """Looks anew once nothing more is typed."""
        self._ready(False)
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(_PAUSE_SECONDS, self._look)

    def _ready(self, is_ready: bool) -> None:
        self._is_ready = is_ready
        self.query_one("#bulk-apply", Button).disabled = not is_ready

    # What it would do

    @work(group="bulk-preview", exclusive=True, exit_on_error=False)
    async def _look(self) -> None:
        self._say("Looking …")
        try:
            operation = operation_of(self._operation, **self.values)
            found = await self._editing.preview(operation, self._selection, samples=_SAMPLES)
        except WebtuneError as error:
            self._show_samples(None)
            self._say(f"{error.message}. {error.hint}" if error.hint else error.message, care=True)
            return
        self._say(preview_words(found, PREVIEW_SECONDS), care=bool(found.refusal))
        self._show_samples(found)
        can_change = found.changed > 0 or not found.is_complete
        self._ready(can_change and not found.refusal)
        if self._is_ready and not self._fields:
            self.query_one("#bulk-apply").focus()

    def _say(self, words: str, *, care: bool = False) -> None:
        line = self.query_one("#bulk-preview", Static)
        line.set_class(care, "-care")
        line.update(Content(display_line(words, limit=300)))

    def _show_samples(self, found: EditPreview | None) -> None:
        lines = self.query_one("#bulk-samples", StyledLines)
        lines.show(partial(_lines, found) if found and found.samples else None)

    # Answering

    @on(Input.Submitted)
    @on(Button.Pressed, "#bulk-apply")
    def action_apply(self) -> None:
        """Ends with the operation where the preview says that it would do something."""
        if not self._is_ready:
            return
        try:
            self.dismiss(operation_of(self._operation, **self.values))
        except WebtuneError as error:
            self._say(error.message, care=True)

    @on(Button.Pressed, "#bulk-cancel")
    def cancel(self) -> None:
        """Ends with nothing."""
        self.dismiss(None)


def _lines(found: EditPreview, width: int) -> Sequence[StyledLine]:
    return sample_lines(found.samples, width)


def _widgets(field: Option) -> Iterator[Widget]:
    if field.kind is list:
        for role in ROLES:
            yield Checkbox(role, role in field.default, id=f"bulk-{role}", compact=True)
    elif field.kind is bool:
        yield Checkbox("yes", bool(field.default), id=f"bulk-{field.name}", compact=True)
    elif choices := _choices(field):
        options = [(choice, choice) for choice in choices]
        first = field.default if field.default in choices else choices[0]
        yield Select(options, value=first, id=f"bulk-{field.name}", compact=True, allow_blank=False)
    else:
        shown = "" if field.default is None else str(field.default)
        yield Input(shown, id=f"bulk-{field.name}", placeholder=field.help, compact=True)


def _choices(field: Option) -> Sequence[str]:
    """What a field can be, where the operation's words alone say it."""
    if field.choices:
        return field.choices
    if field.name == "to":
        return ROLES if field.label == "Role" else [one.value for one in Split]
    return ["0", "1"] if field.name == "weight" else ()
