"""Edits the messages of one example in place, checked while one types; what is not saved is kept as a draft."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup, VerticalScroll
from textual.content import Content
from textual.message import Message as TextualMessage
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static, TextArea

from webtune_tui.domain.example_checks import ExampleCheck, TokenLimits
from webtune_tui.domain.examples import Example, Message, encode_messages
from webtune_tui.domain.learning import lesson_of
from webtune_tui.domain.terminal_text import display
from webtune_tui.storage.drafts import EditDraft
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.editor_notes import message_head, remark_lines, token_line
from webtune_tui.tui.presentation.examples import ROLE_TITLES
from webtune_tui.tui.presentation.kept_lines import KeptLines
from webtune_tui.tui.widgets.safe_text_area import SafeTextArea

LONGEST_LINE = 20_000
"""Characters of one line that a text field still draws in a few milliseconds; longer ones are shown, not edited."""

_DRAFT_SECONDS = 0.5  # after a key at the latest, also while one goes on typing
_CHECK_SECONDS = 0.25


class MessageField(SafeTextArea):
    """The text of one message, byte-true below what is shown."""

    def __init__(self, number: int, message: Message, *, id: str) -> None:
        self.number = number
        self.is_too_long = max(map(len, message.content.split("\n"))) > LONGEST_LINE
        text = message.content[:LONGEST_LINE] if self.is_too_long else message.content
        self._kept = KeptLines(text)
        super().__init__(
            self._kept.hidden(text), id=id, read_only=self.is_too_long, tab_behavior="focus", show_line_numbers=False
        )
        self._opened = self.typed

    @property
    def typed(self) -> str:
        """The message as it stands in the field, with the line ends that it had."""
        return self._kept.told(self.text)

    def put_in(self, text: str) -> None:
        """Takes over a text that was typed elsewhere."""
        self._kept = KeptLines(text)
        self.load_text(self._kept.hidden(text))

    def get_line(self, line_index: int) -> Text:
        """One line as it is drawn; an odd line end inside it is a symbol."""
        return Text(display(self._kept.told(self.document.get_line(line_index))), end="", no_wrap=True)

    @property
    def is_changed(self) -> bool:
        """Whether the person typed something that differs."""
        return self.typed != self._opened


class ExampleEditor(VerticalScroll, can_focus=False):
    """One text field per message: ctrl+s saves, esc leaves."""

    DEFAULT_CSS = """
    ExampleEditor { scrollbar-size-vertical: 1; padding: 0 0 0 1; }
    ExampleEditor .editor-role { height: 1; margin-top: 1; color: $text-muted; text-wrap: nowrap; }
    ExampleEditor .editor-role.-user { color: $secondary; }
    ExampleEditor .editor-role.-assistant { color: $primary; }
    ExampleEditor #editor-state { dock: top; max-height: 5; background: $panel; padding: 0 1; }
    ExampleEditor .editor-note { height: 1; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
    ExampleEditor .editor-remarks { height: auto; display: none; }
    ExampleEditor .editor-note.-changed { color: $accent; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", priority=True),
        Binding("f2", "reshape", "Change", tooltip="Role, weight, split in two, merge, duplicate, move"),
        Binding("ctrl+o", "outside", "$EDITOR", priority=True, tooltip="Edit in the program that $EDITOR names"),
        Binding("escape", "leave", "Back"),
    ]

    class Saved(TextualMessage):
        """The person saves: ``changes`` is ``messages[N].content`` -> text."""

        def __init__(self, example_id: str, changes: Mapping[str, str]) -> None:
            super().__init__()
            self.example_id = example_id
            self.changes = changes

    class Left(TextualMessage):
        """The person leaves; ``is_changed`` says that something is not saved."""

        def __init__(self, example_id: str, *, is_changed: bool) -> None:
            super().__init__()
            self.example_id = example_id
            self.is_changed = is_changed

    class Typed(TextualMessage):
        """The person paused while typing: a draft to keep, or ``None`` when all is as it was."""

        def __init__(self, example_id: str, draft: EditDraft | None) -> None:
            super().__init__()
            self.example_id = example_id
            self.draft = draft

    class CheckWanted(TextualMessage):
        """The texts have changed: what is said of them now?"""

        def __init__(self, example_id: str, messages: Sequence[Message]) -> None:
            super().__init__()
            self.example_id = example_id
            self.messages = messages

    class ReshapeWanted(TextualMessage):
        """Change role, weight or more of the example; ``place`` is the message that has the keys."""

        def __init__(self, example_id: str, place: int) -> None:
            super().__init__()
            self.example_id = example_id
            self.place = place

    class OutsideWanted(TextualMessage):
        """Open the texts in the person's own editor."""

        def __init__(self, example_id: str, messages: Sequence[Message]) -> None:
            super().__init__()
            self.example_id = example_id
            self.messages = messages

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._example: Example | None = None
        self._pause: Timer | None = None
        self._check_pause: Timer | None = None
        self._note = ""

    @property
    def example(self) -> Example | None:
        """The example that is being edited, if any."""
        return self._example

    def is_open_on(self, example_id: str) -> bool:
        """Whether this example is being edited."""
        return self._example is not None and self._example.example_id == example_id

    @property
    def changes(self) -> dict[str, str]:
        """What differs from the example, ready for the service."""
        return {f"messages[{field.number}].content": field.typed for field in self._changed_fields()}

    async def open(self, example: Example, draft: EditDraft | None) -> None:
        """Shows the fields of an example, with an unsaved draft put in where there is one."""
        self._example = example
        await self.remove_children()
        await self.mount_all(self._fields(example.messages))
        if draft is not None:
            self._put_in(draft, example)
        else:
            self._say("")
        for field in list(self.query(MessageField))[-1:]:
            field.focus()
        self.call_after_refresh(self._keep_in_sight)
        self._want_check()

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages as they are typed now."""
        if self._example is None:
            return ()
        typed = {field.number: field.typed for field in self._changed_fields()}
        return tuple(
            replace(one, content=typed[place]) if place in typed else one
            for place, one in enumerate(self._example.messages)
        )

    @property
    def focused_place(self) -> int:
        """The number of the message in which the keys go, from 0."""
        return next((field.number for field in self.query(MessageField) if field.has_focus), 0)

    def put_in(self, texts: Sequence[str]) -> None:
        """Takes over texts that were typed elsewhere, one for each message."""
        for field in self.query(MessageField):
            if field.typed != texts[field.number] and not field.is_too_long:
                field.put_in(texts[field.number])
        self._send_draft()

    def show_check(self, check: ExampleCheck, limits: TokenLimits) -> None:
        """Says beside the fields what is known of the texts."""
        if self._example is None:
            return
        messages = self.messages
        lesson = lesson_of(messages)
        for place, message in enumerate(messages):
            self.query_one(f"#head-{place}", Static).update(message_head(place, message, lesson, check))
            self._show_remarks(f"#remarks-{place}", check, place)
        self._show_remarks("#remarks-all", check, None)
        self.query_one("#editor-tokens", Static).update(Content(token_line(check, self._example.tokens, limits)))

    def _show_remarks(self, selector: str, check: ExampleCheck, place: int | None) -> None:
        remarks, label = check.of(place), self.query_one(selector, Static)
        label.display = bool(remarks)
        label.update(remark_lines(remarks))

    def on_resize(self) -> None:
        """Keeps the field in sight in which one types."""
        self.call_after_refresh(self._keep_in_sight)

    def _keep_in_sight(self) -> None:
        for field in self.query(MessageField):
            if field.has_focus:
                field.scroll_visible(animate=False)

    async def close(self) -> None:
        """Forgets the example."""
        self._stop_pause()
        self._example = None
        await self.remove_children()

    def compose(self) -> ComposeResult:
        yield from ()

    def _fields(self, messages: Sequence[Message]) -> Iterator[Widget]:
        yield VerticalGroup(
            Static("", classes="editor-note", id="editor-note", markup=False),
            Static("", classes="editor-note", id="editor-tokens", markup=False),
            Static("", classes="editor-remarks", id="remarks-all", markup=False),
            id="editor-state",
        )
        lesson = lesson_of(messages)
        for number, message in enumerate(messages):
            head = message_head(number, message, lesson, None)
            yield Static(head, classes=f"editor-role -{_known(message.role)}", id=f"head-{number}", markup=False)
            field = MessageField(number, message, id=f"message-{number}")
            yield field
            if field.is_too_long:
                yield Static(_too_long(message), classes="editor-note", markup=False)
            yield Static("", classes="editor-remarks", id=f"remarks-{number}", markup=False)

    def _put_in(self, draft: EditDraft, example: Example) -> None:
        for field in self.query(MessageField):
            if field.number in draft.texts and not field.is_too_long:
                field.put_in(draft.texts[field.number])
        when = figures.local_date(draft.saved_at)
        is_same = draft.base == encode_messages(example.messages)
        self._say(
            f"Unsaved edit of {when} is back."
            if is_same
            else f"Unsaved edit of {when} is back; the example has changed since."
        )

    def _say(self, note: str) -> None:
        self._note = note
        self._tell_state()

    def _tell_state(self) -> None:
        changed = len(self._changed_fields())
        if self._note:
            words = self._note
        elif changed:
            words = f"{figures.count(changed, 'message')} changed, not saved"
        else:
            words = "Nothing changed yet"
        label = self.query_one("#editor-note", Static)
        label.update(Content(f"{words}  ·  ctrl+s saves, esc leaves, ctrl+o $EDITOR"))
        label.set_class(bool(changed), "-changed")

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Keeps a draft once the person pauses."""
        event.stop()
        if self._example is None:
            return
        self._tell_state()
        self._want_check()
        if self._pause is None:
            self._pause = self.set_timer(_DRAFT_SECONDS, self._send_draft)

    def _want_check(self) -> None:
        if self._check_pause is not None:
            self._check_pause.stop()
        self._check_pause = self.set_timer(_CHECK_SECONDS, self._send_check)

    def _send_check(self) -> None:
        if self._example is not None:
            self.post_message(self.CheckWanted(self._example.example_id, self.messages))

    def _send_draft(self) -> None:
        self._pause = None
        if self._example is None:
            return
        texts = {field.number: field.typed for field in self._changed_fields()}
        base = encode_messages(self._example.messages)
        draft = EditDraft(self._example.example_id, base, texts) if texts else None
        self.post_message(self.Typed(self._example.example_id, draft))

    def _changed_fields(self) -> list[MessageField]:
        return [field for field in self.query(MessageField) if field.is_changed]

    def _stop_pause(self) -> None:
        if self._pause is not None:
            self._pause.stop()
            self._pause = None

    def action_save(self) -> None:
        """Saves what changed."""
        if self._example is not None:
            self._stop_pause()
            self.post_message(self.Saved(self._example.example_id, self.changes))

    def action_reshape(self) -> None:
        """Offers to change role, weight or more."""
        if self._example is not None:
            self.post_message(self.ReshapeWanted(self._example.example_id, self.focused_place))

    def action_outside(self) -> None:
        """Opens the texts in the person's own editor."""
        if self._example is not None:
            self.post_message(self.OutsideWanted(self._example.example_id, self.messages))

    def action_leave(self) -> None:
        """Leaves; the screen asks where something is not saved."""
        if self._example is not None:
            self.post_message(self.Left(self._example.example_id, is_changed=bool(self.changes)))


def _known(role: str) -> str:
    return role if role in ROLE_TITLES else "tool"


def _too_long(message: Message) -> Content:
    return Content(
        f"{len(message.content):,} characters on one line are too many for this field; only their beginning is "
        "shown. Change it with: webtune dataset edit"
    )
