"""Chooses files or a folder to import, by typing a path with completion or by picking from a tree."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.style import Style
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.suggester import Suggester
from textual.widgets import Button, DirectoryTree, Input, Static
from textual.widgets._directory_tree import DirEntry
from textual.widgets.tree import TreeNode

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation.glyphs import GLYPHS

_MOST_NAMES = 2000


@dataclass(frozen=True, slots=True)
class ChosenFiles:
    """What to import; the format is told by the files' content."""

    paths: tuple[Path, ...]


class PathSuggester(Suggester):
    """Completes the last part of a path from what lies in its folder."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        return await asyncio.to_thread(complete, value)


class FileTree(DirectoryTree):
    """Folders and files without hidden ones; names are shown, never obeyed."""

    ICON_NODE = f"{GLYPHS.closed} "
    ICON_NODE_EXPANDED = f"{GLYPHS.opened} "
    ICON_FILE = "  "

    def filter_paths(self, paths: Iterable[Path]) -> Iterable[Path]:
        return [path for path in paths if not path.name.startswith(".")]

    def render_label(self, node: TreeNode[DirEntry], base_style: Style, style: Style) -> Text:
        label = super().render_label(node, base_style, style)
        return label if label.plain.isprintable() else Text(display_line(label.plain), style=base_style)


class ImportFiles(Dialog[ChosenFiles]):
    """Answers an existing file or folder."""

    DEFAULT_CSS = """
    ImportFiles > .dialog-box { width: 90; }
    ImportFiles .import-why { color: $text-muted; margin-bottom: 1; }
    ImportFiles #import-fault { color: $error; height: 1; }
    ImportFiles FileTree { height: 12; background: $surface; }
    ImportFiles.-short FileTree { height: 7; }
    ImportFiles.-short .import-why { display: none; }
    """

    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]  # noqa: RUF012 - Textual's own form

    def __init__(self, start: Path) -> None:
        super().__init__("Import files")
        self._start = start

    def compose_content(self) -> ComposeResult:
        yield Static(
            "A file or a folder. What can't be used is listed with its reason; the rest goes on.",
            classes="import-why",
            markup=False,
        )
        yield Input(
            placeholder="Path of a file or folder; right arrow completes", suggester=PathSuggester(), id="import-path"
        )
        yield Static("", id="import-fault", markup=False)
        yield FileTree(self._start, id="import-tree")

    def compose_buttons(self) -> ComposeResult:
        yield Button("Cancel", id="import-cancel")
        yield Button("Import", id="import-go", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#import-path").focus()

    @on(DirectoryTree.FileSelected)
    @on(DirectoryTree.DirectorySelected)
    def picked(self, event: DirectoryTree.FileSelected | DirectoryTree.DirectorySelected) -> None:
        """Puts the picked place into the field."""
        self.query_one("#import-path", Input).value = str(event.path)

    @on(Input.Submitted)
    @on(Button.Pressed, "#import-go")
    def choose(self) -> None:
        """Ends with the path when it exists."""
        typed = self.query_one("#import-path", Input).value.strip()
        path = Path(typed).expanduser().absolute()
        if not typed or not path.exists():
            words = f"There is no {display_line(path, limit=70)}" if typed else "Name a file or folder first."
            self.query_one("#import-fault", Static).update(Content(words))
            return
        self.dismiss(ChosenFiles((path,)))

    @on(Button.Pressed, "#import-cancel")
    def cancel(self) -> None:
        """Leaves without importing."""
        self.dismiss(None)


def complete(value: str) -> str | None:
    """The typed path with its last part completed by the first name that fits, folders with a slash."""
    if not value:
        return None
    typed = Path(value).expanduser()
    folder, head = (typed, "") if value.endswith("/") else (typed.parent, typed.name)
    try:
        names = sorted(entry.name for _, entry in zip(range(_MOST_NAMES), folder.iterdir(), strict=False))
    except OSError:
        return None
    fitting = [name for name in names if name.startswith(head) and (head or not name.startswith("."))]
    if not fitting:
        return None
    completed = value[: len(value) - len(head)] + fitting[0]
    return f"{completed}/" if (folder / fitting[0]).is_dir() else completed
