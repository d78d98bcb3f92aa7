"""Which columns the table of examples has, in which order and how wide: each change is seen behind at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation.example_columns import COLUMNS, TableLayout


class PickColumns(Dialog[TableLayout]):
    """Answers the columns as they are at the end. ``show`` draws them, ``width_of`` tells what a column got there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "show_or_hide", "Show or hide", show=False),
        Binding("J,shift+down", "move(1)", "Down", show=False),
        Binding("K,shift+up", "move(-1)", "Up", show=False),
        Binding("plus,equals_sign", "widen(1)", "Wider", show=False),
        Binding("minus", "widen(-1)", "Narrower", show=False),
        Binding("r", "reset", "Reset", show=False),
    ]
    DEFAULT_CSS = """
    PickColumns { align: right bottom; background: $background 20%; }
    PickColumns > .dialog-box { width: 54; padding: 0 1; }
    PickColumns OptionList, PickColumns OptionList:focus { height: auto; max-height: 50vh; background: $surface; }
    PickColumns #columns-why { color: $text-muted; }
    PickColumns .dialog-buttons { margin-top: 0; }
    PickColumns .dialog-buttons Button { width: auto; margin-left: 1; }
    """

    def __init__(
        self, layout: TableLayout, *, show: Callable[[TableLayout], None], width_of: Callable[[str], int]
    ) -> None:
        super().__init__("Columns")
        self.columns = layout
        self._show = show
        self._width_of = width_of

    def compose_content(self) -> ComposeResult:
        yield OptionList(id="columns-list", markup=False)
        yield Static("", id="columns-why", markup=False)

    def compose_buttons(self) -> ComposeResult:
        for name, label, words in (
            ("toggle", "Show", "Show or hide it (space)"),
            ("up", "↑", "Further left (K)"),
            ("down", "↓", "Further right (J)"),
            ("narrow", "−", "Narrower (-)"),
            ("widen", "+", "Wider (+)"),
            ("reset", "Reset", "As they were at first (r)"),
            ("done", "Done", "Close; they stay as they are (esc)"),
        ):
            button = Button(label, id=f"columns-{name}", compact=True, tooltip=words)
            button.styles.min_width = 5  # the rules of the app would make it wider
            yield button

    def on_mount(self) -> None:
        self._list("number")
        self.query_one(OptionList).focus()
        self._say()

    # What can be done

    @on(OptionList.OptionSelected)
    @on(Button.Pressed, "#columns-toggle")
    def action_show_or_hide(self) -> None:
        """Shows or hides the column."""
        name = self._chosen
        changed = self.columns.toggled(name)
        if changed is self.columns:
            self._say(f"{COLUMNS[name].title} always stays", "$text-warning")
        else:
            self._use(changed, name)

    def action_move(self, places: int) -> None:
        """Moves the column."""
        if self._chosen in self.columns.columns:
            self._use(self.columns.moved(self._chosen, places), self._chosen)
        else:
            self._say("Hidden columns have no place: space shows it", "$text-warning")

    def action_widen(self, steps: int) -> None:
        """Makes the column wider or narrower."""
        name = self._chosen
        now = self._width_of(name)
        if now:
            self._use(self.columns.widened(name, steps, now), name)
        else:
            self._say("It is not in sight: there is no room for it, or it is hidden", "$text-warning")

    @on(Button.Pressed, "#columns-reset")
    def action_reset(self) -> None:
        """Sets columns, order and widths back."""
        self._use(TableLayout(), self._chosen)

    @on(Button.Pressed, "#columns-up")
    def move_up(self) -> None:
        """Moves the column left."""
        self.action_move(-1)

    @on(Button.Pressed, "#columns-down")
    def move_down(self) -> None:
        """Moves the column right."""
        self.action_move(1)

    @on(Button.Pressed, "#columns-narrow")
    def narrow(self) -> None:
        """Makes the column narrower."""
        self.action_widen(-1)

    @on(Button.Pressed, "#columns-widen")
    def widen(self) -> None:
        """Makes the column wider."""
        self.action_widen(1)

    @on(Button.Pressed, "#columns-done")
    def action_leave(self) -> None:
        """Ends with the columns as they are."""
        self.dismiss(self.columns)

    # Drawing

    @property
    def _order(self) -> list[str]:
        """Those in sight from left to right, then the hidden ones."""
        return [*self.columns.columns, *(name for name in COLUMNS if name not in self.columns.columns)]

    @property
    def _chosen(self) -> str:
        return self._order[self.query_one(OptionList).highlighted or 0]

    def _use(self, columns: TableLayout, name: str) -> None:
        self.columns = columns
        self._show(columns)
        self._list(name)
        self._say()

    def _list(self, name: str) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(self._row(one)) for one in self._order])
        options.highlighted = self._order.index(name)

    def _row(self, name: str) -> Content:
        column, is_there = COLUMNS[name], name in self.columns.columns
        wide = self._width_of(name) if is_there else 0
        told = (f"{wide} wide" if wide else "no room") if is_there else ""
        return Content.assemble(
            (" ✓ " if is_there else "   ", "$success"),
            (f"{column.title:<8}", "bold" if is_there else "$text-muted"),
            (f"{column.words:<28}", "$text-muted"),
            (f"{told:>8}", "$accent" if name in self.columns.widths else "$text-muted"),
        )

    def _say(self, words: str = "", style: str = "") -> None:
        told = words or "space shows, hides · J K move · + - width · r resets"
        self.query_one("#columns-why", Static).update(Content.styled(told, style))
