"""Chooses files to import, by path, pattern or tree, and shows what was found in them before the import begins."""

from __future__ import annotations

import asyncio
import glob
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, HorizontalGroup, Vertical, VerticalGroup
from textual.content import Content
from textual.widgets import Button, DirectoryTree, Input, Select, Static
from textual.widgets._directory_tree import DirEntry
from textual.widgets.tree import TreeNode

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.previews import FilePreview
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui import error_display
from webtune_tui.tui.modals.ask_path import PathSuggester
from webtune_tui.tui.modals.dialog import LOW, Dialog
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.text_layout import Part, fit
from webtune_tui.tui.source_forms.base import ImportRequest
from webtune_tui.tui.widgets.file_preview import FieldTable, FileTable
from webtune_tui.tui.widgets.row_view import RowView
from webtune_tui.tui.widgets.steady_footer import SteadyFooter

if TYPE_CHECKING:
    from webtune_tui.bootstrap import Services

_MOST_MATCHES = 10_000
_AS_TOLD = "as told by the content"


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


class ChosenPaths(RowView):
    """What is going to be imported; delete takes the row under the cursor out again."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("delete,backspace,d", "take_out", "Take out")]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.paths: list[Path] = []

    def add(self, paths: Sequence[Path]) -> None:
        """Adds what is not in it yet."""
        self.paths += [path for path in dict.fromkeys(paths) if path not in self.paths]
        self.set_row_count(len(self.paths))

    def action_take_out(self) -> None:
        """Takes the row under the cursor out."""
        if self.paths:
            del self.paths[self.cursor]
            self.set_row_count(len(self.paths))

    def row(self, index: int, width: int) -> Sequence[Part]:
        path = self.paths[index]
        name = display_line(path.name or path, limit=200)
        return [(fit(name, max(width // 2, 12)), ""), ("  ", ""), (display_line(path.parent, limit=300), "muted")]


class ImportFiles(Dialog[ImportRequest]):
    """Two steps: the paths, then what lies in them with the encoding and the list that can be chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "go_on", "Go on", priority=True),
    ]
    DEFAULT_CSS = """
    ImportFiles > .dialog-box {
        width: 130; max-width: 100%; height: 1fr; max-height: 100%; padding: 0 1;
    }
    ImportFiles .import-why { color: $text-muted; height: auto; }
    ImportFiles .dialog-content { max-height: 100%; height: 1fr; }
    ImportFiles #import-fault { color: $text-error; height: auto; min-height: 1; }
    ImportFiles #import-choose, ImportFiles #import-preview { height: 1fr; }
    ImportFiles #import-preview { display: none; }
    ImportFiles.-preview #import-preview { display: block; }
    ImportFiles.-preview #import-choose { display: none; }
    ImportFiles #import-places { height: 1fr; }
    ImportFiles FileTree { width: 1fr; height: 1fr; background: $surface; border: round $border-blurred; }
    ImportFiles FileTree:focus { border: round $border; }
    ImportFiles #import-chosen { width: 1fr; height: 1fr; }
    ImportFiles .boxed { border: round $border-blurred; border-title-color: $text-muted; padding: 0 1; }
    ImportFiles .boxed:focus { border: round $border; border-title-color: $primary; }
    ImportFiles .import-options { height: 1; margin-bottom: 1; }
    ImportFiles .import-label { width: auto; color: $text-muted; padding: 0 1 0 0; }
    ImportFiles Select { width: 1fr; margin-right: 2; }
    ImportFiles #import-files { height: 1fr; }
    ImportFiles #import-fields { height: 2fr; }
    ImportFiles.-narrow #import-places { layout: vertical; }
    ImportFiles.-narrow #import-chosen { height: 5; }
    ImportFiles .dialog-buttons { margin-top: 0; }
    ImportFiles.-short .import-why { display: none; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-regular")]  # noqa: RUF012 - Textual's own form
    VERTICAL_BREAKPOINTS = [(0, "-short"), (LOW, "-tall")]  # noqa: RUF012 - Textual's own form

    def __init__(self, services: Services, start: Path | None = None) -> None:
        super().__init__("Import files")
        self._imports = services.imports
        self._start = start or Path.cwd()
        self._is_over = False

    def compose(self) -> ComposeResult:
        with VerticalGroup(classes="dialog-box") as box:
            box.border_title = " Import files "
            with Vertical(classes="dialog-content"):
                yield from self._compose_choice()
                yield from self._compose_preview()
            with Horizontal(classes="dialog-buttons"):
                yield Button("Cancel", id="import-cancel")
                yield Button("Look into them", id="import-go", variant="primary")
        yield SteadyFooter(show_command_palette=False, compact=True)

    def _compose_choice(self) -> ComposeResult:
        with Vertical(id="import-choose"):
            yield Static(
                "Files, folders or patterns such as data/*.jsonl. Enter adds one; what can't be used is listed with "
                "its reason, the rest goes on.",
                classes="import-why",
                markup=False,
            )
            yield Input(
                placeholder="Path or pattern; right arrow completes, enter adds",
                suggester=PathSuggester(),
                id="import-path",
            )
            yield Static("", id="import-fault", markup=False)
            with Horizontal(id="import-places"):
                yield FileTree(self._start, id="import-tree")
                chosen = ChosenPaths(id="import-chosen")
                chosen.add_class("boxed")
                chosen.border_title = "To import"
                yield chosen

    def _compose_preview(self) -> ComposeResult:
        with Vertical(id="import-preview"):
            with HorizontalGroup(classes="import-options"):
                for name, label in (("encoding", "Encoding"), ("list", "List")):
                    yield Static(label, classes="import-label", markup=False)
                    yield Select[str]([], id=f"import-{name}", compact=True, prompt=_AS_TOLD)
            files = FileTable(id="import-files")
            files.add_class("boxed")
            files.border_title = "Files"
            yield files
            fields = FieldTable(id="import-fields")
            fields.add_class("boxed")
            fields.border_title = "Fields"
            yield fields

    def on_mount(self) -> None:
        self.query_one("#import-path").focus()

    def on_resize(self) -> None:
        for button in self.query(".dialog-buttons Button").results(Button):
            button.compact = self.size.height < LOW

    # Which files

    @property
    def _chosen(self) -> ChosenPaths:
        return self.query_one("#import-chosen", ChosenPaths)

    @on(DirectoryTree.FileSelected)
    def picked(self, event: DirectoryTree.FileSelected) -> None:
        """Adds the picked file."""
        self._add([event.path])

    @on(DirectoryTree.DirectorySelected)
    def folder_picked(self, event: DirectoryTree.DirectorySelected) -> None:
        """Puts the folder into the field: enter adds all of it."""
        self.query_one("#import-path", Input).value = str(event.path)

    @on(Input.Submitted, "#import-path")
    def path_entered(self) -> None:
        """Adds what is typed; with nothing typed goes on to what was added."""
        self._take_typed(goes_on=not self._typed)

    @on(Button.Pressed, "#import-go")
    def action_go_on(self) -> None:
        """From the paths to what lies in them, and from there to the import."""
        if self.has_class("-preview"):
            self._finish()
        else:
            self._take_typed(goes_on=True)

    @property
    def _typed(self) -> str:
        return self.query_one("#import-path", Input).value.strip()

    @work(group="paths", exclusive=True, exit_on_error=False)
    async def _take_typed(self, *, goes_on: bool) -> None:
        typed = self._typed
        found = await asyncio.to_thread(paths_of, typed) if typed else []
        if typed and not found:
            self._tell(f"There is no {display_line(Path(typed).expanduser().absolute(), limit=200)}")
            return
        self._add(found)
        self.query_one("#import-path", Input).value = ""
        if goes_on and not self._chosen.paths:
            self._tell("Name a file or folder first.")
        elif goes_on:
            await self._look()

    def _add(self, paths: Sequence[Path]) -> None:
        self._chosen.add([path.absolute() for path in paths])
        self._chosen.border_subtitle = figures.count(len(self._chosen.paths)) if self._chosen.paths else ""
        self._tell("")

    def _tell(self, words: str) -> None:
        self.query_one("#import-fault", Static).update(Content(words))

    # What lies in them

    async def _look(self) -> None:
        request = self._request()
        self._tell(f"Looking into {figures.count(len(request.paths), 'path')} {GLYPHS.ellipsis}")
        try:
            previews = await self._imports.inspect(
                request.paths, encoding=request.encoding, list_path=request.list_path
            )
        except WebtuneError as error:
            self._tell(error_display.words(error))
            return
        self._tell("")
        self._show_previews(previews)

    def _show_previews(self, previews: Sequence[FilePreview]) -> None:
        is_first = not self.has_class("-preview")
        self.add_class("-preview")
        self.query_one("#import-go", Button).label = "Import"
        files = self.query_one("#import-files", FileTable)
        files.show(previews)
        usable = sum(preview.format is not None for preview in previews)
        files.border_subtitle = f"{usable:,} of {figures.count(len(previews), 'file')} usable"
        self.query_one("#import-go", Button).disabled = not usable
        guesses = [guess for preview in previews for guess in preview.encodings_possible]
        self._offer("#import-encoding", {guess.encoding: guess.reads for guess in guesses})
        found = [listed for preview in previews for listed in preview.lists]
        self._offer("#import-list", {one.path: figures.count(one.rows, "row") for one in found})
        self._show_fields()
        if is_first:
            files.focus()

    def _offer(self, selector: str, proposed: Mapping[str, str]) -> None:
        """Fills a choice with what was proposed and how that reads; what is chosen already stays."""
        select = self.query_one(selector, Select)
        taken = select.value
        known = dict(proposed)
        if isinstance(taken, str):
            known.setdefault(taken, "")
        with self.prevent(Select.Changed):
            select.set_options([(_option(name, words), name) for name, words in known.items()])
            if isinstance(taken, str):
                select.value = taken
        select.disabled = not known

    @on(FileTable.Moved, "#import-files")
    def _show_fields(self) -> None:
        preview = self.query_one("#import-files", FileTable).current
        fields = self.query_one("#import-fields", FieldTable)
        fields.show(preview.fields if preview is not None else ())
        name = display_line(Path(preview.path).name, limit=50) if preview is not None else ""
        fields.border_title = Content(f"Fields of {name}" if name else "Fields")

    @on(Select.Changed)
    @work(group="look", exclusive=True, exit_on_error=False)
    async def choice_changed(self) -> None:
        """Looks again with what the person said."""
        if self.has_class("-preview"):
            await self._look()

    def _request(self) -> ImportRequest:
        encoding, listed = (
            self.query_one("#import-encoding", Select).value,
            self.query_one("#import-list", Select).value,
        )
        return ImportRequest(
            tuple(self._chosen.paths),
            encoding=encoding if isinstance(encoding, str) else None,
            list_path=listed if isinstance(listed, str) else None,
        )

    def _finish(self) -> None:
        if not self._is_over and not self.query_one("#import-go", Button).disabled:
            self._is_over = True
            self.dismiss(self._request())

    def action_leave(self) -> None:
        """From what was found back to the paths, and from there out."""
        if self.has_class("-preview"):
            self.remove_class("-preview")
            self.query_one("#import-go", Button).label = "Look into them"
            self.query_one("#import-go", Button).disabled = False
            self.query_one("#import-path").focus()
        else:
            self.cancel()

    @on(Button.Pressed, "#import-cancel")
    def cancel(self) -> None:
        """Leaves without importing."""
        if not self._is_over:
            self._is_over = True
            self.dismiss(None)


def _option(name: str, words: str) -> Content:
    shown = display_line(name, limit=60) or "the whole document"
    return Content.assemble(shown, (f"  {display_line(words, limit=60)}", "$text-muted"))


def paths_of(typed: str) -> list[Path]:
    """The path as typed where it exists, else what it matches as a pattern; sorted, at most ten thousand. It blocks."""
    path = Path(typed).expanduser()
    try:
        if path.exists():
            return [path]
        matches = glob.iglob(str(path), recursive=True)  # noqa: PTH207 - a pattern may be absolute
        return sorted(Path(found) for found, _ in zip(matches, range(_MOST_MATCHES), strict=False))
    except (OSError, ValueError):  # a name too long for the system, or one with a NUL in it
        return []
