"""The views that were kept by name: open one, keep the present one, delete one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.table_views import SavedView, TableViewsService
from webtune_tui.tui.modals.confirm import Confirm
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.text_layout import fit

_NAME_CELLS = 20
_EMPTY = "None yet: s keeps what is listed now, its order and columns, under a name."
_HINT = "enter opens · s keeps the present one · d deletes"


class SavedViews(Dialog[SavedView]):
    """Answers the view to open. ``refuses`` tells the person why where nothing may be kept."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "name", "Keep", show=False),
        Binding("d,delete", "delete", "Delete", show=False),
    ]
    DEFAULT_CSS = """
    SavedViews > .dialog-box { width: 76; padding: 0 1; }
    SavedViews OptionList, SavedViews OptionList:focus {
        height: auto; max-height: 40vh; background: $surface; text-wrap: nowrap; text-overflow: ellipsis;
    }
    SavedViews #views-state { color: $text-muted; height: auto; }
    SavedViews #views-state.-care { color: $text-warning; }
    SavedViews #views-name { display: none; }
    SavedViews.-naming #views-name { display: block; }
    SavedViews .dialog-buttons { margin-top: 0; }
    """

    def __init__(self, service: TableViewsService, present: SavedView, *, refuses: Callable[[], bool]) -> None:
        super().__init__("Saved views")
        self._service = service
        self._present = present
        self._refuses = refuses
        self._views: Sequence[SavedView] = ()
        self._skipped = 0

    def compose_content(self) -> ComposeResult:
        yield OptionList(id="views-list", markup=False)
        yield Input(placeholder="a name for the present view; enter keeps it", id="views-name", max_length=60)
        yield Static("", id="views-state", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Close", id="views-close")
        yield Button("Delete", id="views-delete")
        yield Button("Keep this", id="views-keep")
        yield Button("Open", id="views-open", variant="primary")

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self.load()

    @work(group="views", exclusive=True, exit_on_error=False)
    async def load(self) -> None:
        """Lists what is kept."""
        await self._load()

    async def _load(self, name: str = "") -> None:
        kept = await self._service.views()
        self._views, self._skipped = kept.views, kept.skipped
        options = self.query_one(OptionList)
        place = options.highlighted or 0
        options.clear_options()
        options.add_options([Option(_row(view)) for view in kept.views])
        names = [view.name for view in kept.views]
        if names:
            options.highlighted = names.index(name) if name in names else min(place, len(names) - 1)
        self._say(_HINT if names else _EMPTY)

    @property
    def _current(self) -> SavedView | None:
        place = self.query_one(OptionList).highlighted
        return self._views[place] if place is not None and place < len(self._views) else None

    # Opening

    @on(OptionList.OptionSelected)
    @on(Button.Pressed, "#views-open")
    def open_view(self) -> None:
        """Ends with the view under the cursor."""
        if self._current is not None:
            self.dismiss(self._current)

    # Keeping

    @on(Button.Pressed, "#views-keep")
    def action_name(self) -> None:
        """Asks for the name under which the present view is kept."""
        if not self._refuses():
            self.add_class("-naming")
            self.query_one("#views-name").focus()

    @on(Input.Submitted, "#views-name")
    @work(group="views", exclusive=True, exit_on_error=False)
    async def keep(self) -> None:
        """Keeps the present view; asks where the name is taken."""
        name = self.query_one("#views-name", Input).value.strip()
        taken = any(view.name == name for view in self._views)
        if taken and not await self._sure("Replace the view?", f"“{name}” is kept already.", "Replace"):
            return
        try:
            await self._service.save(replace(self._present, name=name))
        except UsageError as error:
            self._say(f"{error.message}. {error.hint}", is_care=True)
            return
        self._end_naming()
        await self._load(name)

    # Deleting

    @on(Button.Pressed, "#views-delete")
    @work(group="views", exclusive=True, exit_on_error=False)
    async def action_delete(self) -> None:
        """Deletes the view under the cursor, after a question."""
        view = self._current
        if view is None or self._refuses():
            return
        if await self._sure("Delete the view?", f"“{view.name}” is forgotten; no example is changed.", "Delete"):
            await self._service.delete(view.name)
            await self._load()

    async def _sure(self, title: str, question: str, yes: str) -> bool:
        answer: bool | None = await self.app.push_screen_wait(Confirm(title, question, yes=yes, danger=True))
        return bool(answer)

    # Leaving

    @on(Button.Pressed, "#views-close")
    def action_leave(self) -> None:
        """Leaves the name, then the list."""
        if self.has_class("-naming"):
            self._end_naming()
        else:
            self.dismiss(None)

    def _end_naming(self) -> None:
        self.remove_class("-naming")
        self.query_one("#views-name", Input).value = ""
        self.query_one(OptionList).focus()

    def _say(self, words: str, *, is_care: bool = False) -> None:
        state = self.query_one("#views-state", Static)
        skipped = f" {figures.count(self._skipped, 'view')} can't be read and stays out." if self._skipped else ""
        state.set_class(is_care or bool(skipped), "-care")
        state.update(Content(display_line(words + skipped, limit=300)))


def _row(view: SavedView) -> Content:
    told = []
    if view.where.strip():
        told.append(view.where.strip())
    if view.text:
        told.append(f"with “{view.text}”")
    if view.split:
        told.append(f"in {view.split}")
    if view.sort != "index" or view.is_descending:
        told.append(f"{'↓' if view.is_descending else '↑'} {view.sort}")
    words = display_line(" · ".join(told) or "all examples", limit=300)
    return Content.assemble(
        " ", (fit(display_line(view.name, limit=60), _NAME_CELLS), "bold"), "  ", (words, "$text-muted")
    )
