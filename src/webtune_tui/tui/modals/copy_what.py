"""What of an example goes to the clipboard: a message, the answer, or the JSON of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button, OptionList
from textual.widgets.option_list import Option

from webtune_tui.domain.examples import Message
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation.examples import ROLE_TITLES

JSON = "json"
_EXCERPT = 60


class CopyWhat(Dialog[str]):
    """A list that begins at the answer; answers the number of a message, or ``json``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", f"take('{JSON}')", "JSON", show=False),
        *[Binding(str(number), f"take('{number - 1}')", f"Message {number}", show=False) for number in range(1, 10)],
    ]
    DEFAULT_CSS = """
    CopyWhat OptionList { height: auto; max-height: 50vh; background: $surface; border: none; }
    CopyWhat OptionList { text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, messages: Sequence[Message]) -> None:
        super().__init__("Copy")
        self._messages = messages

    def compose_content(self) -> ComposeResult:
        options = [Option(_row(number, one), id=str(number)) for number, one in enumerate(self._messages)]
        options.append(Option(Content.assemble((" j  ", "$accent bold"), "the whole example as JSON"), id=JSON))
        yield OptionList(*options, id="copy-what", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Copy", id="copy-yes", variant="primary")
        yield Button("Close", id="copy-no")

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        answers = [number for number, one in enumerate(self._messages) if one.role == "assistant"]
        options.highlighted = answers[-1] if answers else 0
        options.focus()

    def action_take(self, what: str) -> None:
        """Takes one by its key."""
        if what == JSON or int(what) < len(self._messages):
            self.dismiss(what)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        highlighted = self.query_one(OptionList).highlighted
        if event.button.id == "copy-yes" and highlighted is not None:
            self.dismiss(self.query_one(OptionList).get_option_at_index(highlighted).id)
        else:
            self.dismiss(None)


def _row(number: int, message: Message) -> Content:
    role = ROLE_TITLES.get(message.role) or display_line(message.role, limit=20)
    key = f" {number + 1}  " if number < 9 else "    "
    words = display_line(message.content[: _EXCERPT * 2].strip(), limit=_EXCERPT) or "(empty)"
    return Content.assemble((key, "$accent bold"), Content(role), "  ", (words, "$text-muted"))
