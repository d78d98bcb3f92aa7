"""A text field that shows control and invisible characters as symbols while the text itself stays byte-true."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.widgets import TextArea

from webtune_tui.domain.terminal_text import display


class SafeTextArea(TextArea):
    """A plain text field for outside text; nothing in it can act on the terminal."""

    AT_ONCE: ClassVar[Mapping[str, Callable[[TextArea], None]]] = {
        "backspace": TextArea.action_delete_left,
        "delete": TextArea.action_delete_right,
        "left": TextArea.action_cursor_left,
        "right": TextArea.action_cursor_right,
        "home": TextArea.action_cursor_line_start,
        "end": TextArea.action_cursor_line_end,
    }
    """Keys that work where they were typed. As bindings they go round by the app, and quick letters overtake them."""

    async def _on_key(self, event: events.Key) -> None:
        act = self.AT_ONCE.get(event.key)
        if act is not None and not self.read_only:
            event.stop()
            event.prevent_default()
            act(self)

    def get_line(self, line_index: int) -> Text:
        """One line as it is drawn: each unsafe character is replaced by one visible character."""
        return Text(display(self.document.get_line(line_index)), end="", no_wrap=True)
