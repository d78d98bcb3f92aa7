"""The keys of the file's screen in one line that is drawn at once; a click on one does what it does."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

_LINES = {
    "": (
        ("enter", "Read", "screen.open_row"),
        ("/", "Search", "screen.search"),
        (":", "Row", "screen.go_to"),
        ("r", "JSON", "screen.raw"),
        ("s", "Sort", "screen.sort"),
        ("S", "Stats", "screen.statistics"),
        ("i", "Import", "screen.import_file"),
        ("?", "Help", "app.help"),
        ("^p", "All", "app.command_palette"),
    ),
    "asking": (("enter", "Go there", "screen.submit"), ("esc", "Back", "screen.back")),
    "reading": (
        ("esc", "Back", "screen.back"),
        ("r", "JSON or example", "screen.raw"),
        ("n", "Next with the text", "screen.next(False)"),
        ("?", "Help", "app.help"),
    ),
    "searching": (("esc", "Stop", "screen.back"), ("?", "Help", "app.help")),
}


class KeyLine(Static):
    """Textual's footer makes a widget of each key, which takes longer than all else of this screen."""

    DEFAULT_CSS = """
    KeyLine {
        height: 1; background: $footer-background; color: $footer-foreground; text-wrap: nowrap; dock: bottom;
        link-style: none;
    }
    """

    def __init__(self) -> None:
        super().__init__(_keys(""), markup=False)
        self._shown = ""

    def show(self, name: str) -> None:
        """Shows the keys that work now: by a name of the lines above."""
        if name != self._shown:
            self._shown = name
            self.update(_keys(name))


def _keys(name: str) -> Content:
    # both words and actions are ours; nothing of the file comes here
    parts = [
        Content.from_markup(f"[@click={action}] [bold $footer-key-foreground]$key[/] $words [/]", key=key, words=words)
        for key, words, action in _LINES[name]
    ]
    return Content("").join(parts)
