"""A cluster: the example that stayed, all that is like it, and the chosen one beside it, word by word."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button, Static

from webtune_tui.domain.clusters import Alike, AlikeSet
from webtune_tui.domain.examples import Message
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.clusters import member_lines, member_row, survivor_lines, survivor_row
from webtune_tui.tui.presentation.text_layout import Part, StyledLine
from webtune_tui.tui.widgets.row_view import RowView
from webtune_tui.tui.widgets.styled_lines import StyledLines

_SILENCE = 0.3  # seconds after which it is said that one waits
_PAUSE = 0.05  # seconds: a held arrow key passes many members


@dataclass(frozen=True, slots=True)
class ClusterActions:
    """What the dialogue asks for. ``wanted`` brings examples back and answers what came of it, in words."""

    messages: Callable[[Alike], Awaitable[Sequence[Message]]]
    wanted: Callable[[Sequence[str]], Awaitable[str]]
    drop: Callable[[str], None]
    open: Callable[[Alike | None], None]
    refuses: Callable[[], bool]


class MemberList(RowView):
    """The one that stayed, then the others."""

    def __init__(self, found: AlikeSet, title: str, wanted: frozenset[str]) -> None:
        super().__init__(id="cluster-members")
        self.found = found
        self._title = title
        self.wanted = wanted

    @property
    def member(self) -> Alike | None:
        """The member under the cursor; ``None`` on the one that stayed."""
        return self.found.members[self.cursor - 1] if self.cursor > 0 else None

    def row(self, index: int, width: int) -> Sequence[Part]:
        """One of them."""
        if index == 0:
            return survivor_row(self._title, width)
        one = self.found.members[index - 1]
        return member_row(one, width, is_wanted=one.example_id in self.wanted)


class ClusterDiff(Dialog[None]):
    """Members above, the comparison below; keys choose another survivor or keep both."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "choose", "Keep this one instead", show=False),
        Binding("b", "both", "Keep both", show=False),
        Binding("d", "drop", "Drop", show=False),
        Binding("space", "page(1)", "Page", show=False),
    ]
    DEFAULT_CSS = """
    ClusterDiff > .dialog-box { width: 120; height: 94%; }
    ClusterDiff .dialog-content { height: 1fr; max-height: 100%; overflow: hidden; }
    ClusterDiff #cluster-members { height: auto; max-height: 8; border-bottom: hkey $border-blurred; }
    ClusterDiff #cluster-text { height: 1fr; }
    ClusterDiff #cluster-status { height: 1; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
    ClusterDiff .dialog-buttons { margin-top: 0; }
    """

    def __init__(
        self, found: AlikeSet, kept: Sequence[Message], title: str, actions: ClusterActions, wanted: frozenset[str]
    ) -> None:
        super().__init__(f"Like this example: {figures.count(len(found.members), 'other')}")
        self._kept = kept
        self._actions = actions
        self._list = MemberList(found, title, wanted)
        self._more = "  ·  there are more" if found.is_cut else ""

    def compose_content(self) -> ComposeResult:
        yield self._list
        yield StyledLines(id="cluster-text")
        yield Static("", id="cluster-status", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("This one instead (s)", id="cluster-choose", compact=True)
        yield Button("Both (b)", id="cluster-both", compact=True)
        yield Button("Open", id="cluster-open", compact=True)
        yield Button("Close", id="cluster-close", compact=True)

    def on_mount(self) -> None:
        rows = len(self._list.found.members) + 1
        self._list.set_row_count(rows)
        self._list.styles.height = min(rows, 7) + 1
        self._list.cursor = 1 if rows > 1 else 0
        self._list.focus()
        self._say("s keeps this one instead, b both, d drops an example, enter opens it" + self._more)
        self._show()

    # What is in sight

    @on(RowView.Moved, "#cluster-members")
    def _moved(self) -> None:
        self._show()

    @work(group="cluster-text", exclusive=True, exit_on_error=False)
    async def _show(self) -> None:
        one, kept = self._list.member, self._kept
        await asyncio.sleep(_PAUSE)
        if one is None:
            self._text.show(lambda width: survivor_lines(kept, width))
            return
        waiting = self.set_timer(_SILENCE, self._show_waiting)  # the first one starts a program that makes examples
        try:
            other, is_wanted = await self._actions.messages(one), one.example_id in self._list.wanted
        finally:
            waiting.stop()

        def lines(width: int) -> Sequence[StyledLine]:
            return member_lines(one, kept, other, width, is_wanted=is_wanted)

        self._text.show(lines)

    def _show_waiting(self) -> None:
        self._text.show(lambda width: [StyledLine((("Comparing word by word …", "muted"),))])

    def action_page(self, pages: int) -> None:
        """Reads on below while the keys stay in the list."""
        self._text.action_scroll_page(pages)

    def _say(self, words: str) -> None:
        self.query_one("#cluster-status", Static).update(Content(display_line(words, limit=300)))

    @property
    def _text(self) -> StyledLines:
        return self.query_one("#cluster-text", StyledLines)

    # What can be done

    def action_choose(self) -> None:
        """Has this one take the place of the one that stayed."""
        self._want(with_survivor=False)

    def action_both(self) -> None:
        """Keeps this one beside the one that stayed."""
        self._want(with_survivor=True)

    def _want(self, *, with_survivor: bool) -> None:
        one = self._list.member
        if one is None:
            self._say("This one stays already: choose one of the others")
        elif one.is_here:
            self._say("Both stay already: d drops this one")
        elif not one.example_id:
            self._say("It makes no example, so it can't be brought back")
        elif not self._actions.refuses():
            ids = [one.example_id, *([self._list.found.survivor_id] if with_survivor else [])]
            self._bring_back(one, ids)

    @work(group="cluster-edit", exit_on_error=False)
    async def _bring_back(self, one: Alike, ids: Sequence[str]) -> None:
        self._say(await self._actions.wanted(ids))
        self._list.wanted |= {one.example_id}
        self._list.refresh()
        self._show()

    def action_drop(self) -> None:
        """Drops a member that is an example too."""
        one = self._list.member
        if one is None or not one.is_here:
            self._say("Only an example of this version can be dropped, and not the one that stays")
        elif not self._actions.refuses():
            self._actions.drop(one.example_id)
            self.dismiss(None)

    @on(RowView.Chosen, "#cluster-members")
    def open_member(self) -> None:
        """Goes to the example, or to the record of one that was dropped."""
        one = self._list.member
        if one is None or one.is_here:
            self.dismiss(None)
        self._actions.open(one)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        match event.button.id:
            case "cluster-choose":
                self.action_choose()
            case "cluster-both":
                self.action_both()
            case "cluster-open":
                self.open_member()
            case _:
                self.dismiss(None)
