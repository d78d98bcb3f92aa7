"""One field of a form: its name, the place to type, and below it what is wrong with what was typed."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import HorizontalGroup, VerticalGroup
from textual.content import Content
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.sources.base import ScraperInput
from webtune_tui.sources.input_lists import fault_of
from webtune_tui.tui.presentation.glyphs import GLYPHS

_KINDS = {"number": "a number", "boolean": "true or false", "array": "a JSON list", "object": "a JSON object"}


class FieldRow(VerticalGroup):
    """A field as a scraper declares it. A fault appears while one types; an empty required field is no fault yet."""

    DEFAULT_CSS = """
    FieldRow { height: auto; margin-bottom: 1; }
    FieldRow .field-line { height: 1; }
    FieldRow .field-label {
        width: 28; padding-right: 1; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis;
    }
    FieldRow Input { width: 1fr; background: $panel; padding: 0 1; }
    FieldRow Input:focus { background: $block-cursor-blurred-background; }
    FieldRow.-faulty Input, FieldRow.-faulty Input:focus { background: $error 25%; }
    FieldRow .field-fault { height: auto; padding-left: 29; color: $text-error; display: none; }
    FieldRow.-faulty .field-fault { display: block; }
    FieldRow.-faulty { margin-bottom: 0; }
    """

    def __init__(
        self, field: ScraperInput, value: str = "", *, label: str = "", hint: str = "", input_id: str | None = None
    ) -> None:
        super().__init__()
        self.field = field
        self._first = value
        self._label = label or field.name
        self._hint = hint
        self._input_id = input_id

    def compose(self) -> ComposeResult:
        field = self.field
        mark = (" *", "$accent") if field.required else ""
        label = Content.assemble(display_line(self._label, limit=60), mark)
        such_as = f"such as {field.example}" if field.example else _KINDS.get(field.kind, "")
        such_as = such_as or ("" if field.required else "optional")
        with HorizontalGroup(classes="field-line"):
            yield Static(label, classes="field-label", markup=False)
            yield Input(
                self._first,
                name=field.name,
                id=self._input_id,
                placeholder=display_line(self._hint or such_as, limit=120),
                compact=True,
                suggester=SuggestFromList(("true", "false")) if field.kind == "boolean" else None,
            )
        yield Static("", classes="field-fault", markup=False)

    @property
    def value(self) -> str:
        """What was typed, without the space around it."""
        return self.query_one(Input).value.strip()

    @property
    def fault(self) -> str:
        """Why it can't be sent; an empty required field is a fault here."""
        return fault_of(self.field, self.value)

    @on(Input.Changed)
    def show_fault(self) -> None:
        """Says at once what does not fit; the event goes on to the form."""
        fault = self.fault if self.value else ""
        self.set_class(bool(fault), "-faulty")
        self.query_one(".field-fault", Static).update(Content(f"{GLYPHS.attention} {fault}" if fault else ""))
