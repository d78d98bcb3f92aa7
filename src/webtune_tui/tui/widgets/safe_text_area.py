"""A text field that shows control and invisible characters as symbols while the text itself stays byte-true."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import TextArea

from webtune_tui.domain.terminal_text import display


class SafeTextArea(TextArea):
    """A plain text field for outside text; nothing in it can act on the terminal."""

    def get_line(self, line_index: int) -> Text:
        """One line as it is drawn: each unsafe character is replaced by one visible character."""
        return Text(display(self.document.get_line(line_index)), end="", no_wrap=True)
