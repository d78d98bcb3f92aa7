"""A line of a few choices, one of them taken: by left and right, by a click, or by the screen's own keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from webtune_tui.domain.terminal_text import display_line

Choice = tuple[str, str]
"""The name of a choice and its words."""


class ChoiceBar(Widget, can_focus=True):
    """Shows every choice; the taken one stands out."""

    DEFAULT_CSS = """
    ChoiceBar { height: 1; width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "Previous", show=False),
        Binding("right", "step(1)", "Next", show=False),
    ]

    class Chosen(Message):
        """Another choice is taken."""

        def __init__(self, bar: ChoiceBar, name: str) -> None:
            super().__init__()
            self.bar = bar
            self.name = name

        @property
        def control(self) -> ChoiceBar:
            """The bar that sent it."""
            return self.bar

    def __init__(self, choices: Sequence[Choice], *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._choices = list(choices)
        self.value = choices[0][0]

    def set_choices(self, choices: Sequence[Choice]) -> None:
        """Replaces the choices; the taken one stays where it is still there."""
        if list(choices) == self._choices:
            return
        self._choices = list(choices)
        if self.value not in [name for name, _ in choices]:
            self.value = choices[0][0]
        self.refresh()

    def take(self, name: str) -> None:
        """Takes a choice and tells it."""
        if name != self.value and name in [known for known, _ in self._choices]:
            self.value = name
            self.refresh()
            self.post_message(self.Chosen(self, name))

    def action_step(self, steps: int) -> None:
        """Takes the next or previous choice, round the ends."""
        names = [name for name, _ in self._choices]
        self.take(names[(names.index(self.value) + steps) % len(names)])

    def on_click(self, event: Click) -> None:
        """Takes the choice under the pointer."""
        offset = event.get_content_offset(self)
        column = offset.x if offset is not None else -1
        for name, words in self._choices:
            width = Content(self._words(words)).cell_length
            if 0 <= column < width:
                self.take(name)
                return
            column -= width + 1

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def render(self) -> Content:
        parts: list[Content | tuple[str, str] | str] = []
        for name, words in self._choices:
            style = "$text-muted"
            if name == self.value:
                style = (
                    "bold $block-cursor-foreground on $block-cursor-background"
                    if self.has_focus
                    else ("bold $primary on $panel")
                )
            parts += [(self._words(words), style), " "]
        return Content.assemble(*parts)

    @staticmethod
    def _words(words: str) -> str:
        return f" {display_line(words, limit=40)} "
