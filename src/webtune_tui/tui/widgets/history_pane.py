"""The history: the steps by hand at the left, newest first, and the versions at the right, by name and number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Click
from textual.message import Message
from textual.strip import Strip

from webtune_tui.domain.datasets import DatasetVersion
from webtune_tui.domain.edit_steps import EditStep
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.text_layout import Part, fit, fit_right
from webtune_tui.tui.widgets.row_view import RowView

_WHEN = 17
_NO_STEP = (  # 44 cells: what 80 columns have
    "No step yet. Each edit, drop, tag or move of",
    "the table (esc) becomes one, and stands here",
    "for good: enter or a double click goes there",
    "and back. Versions get names with n.",
)


class StepList(RowView):
    """The steps, newest first; the last row is the start."""

    HEADER_LINES = 1

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._steps: Sequence[EditStep] = ()

    def show(self, steps: Sequence[EditStep]) -> None:
        """Shows the steps in order; the cursor goes to the present one."""
        self._steps = steps
        self.set_row_count(len(steps) + 1)
        self.cursor = len(steps) - self.present

    @property
    def present(self) -> int:
        """The number of the newest applied step; 0 is the start."""
        return max((one.number for one in self._steps if one.is_applied), default=0)

    @property
    def number(self) -> int:
        """The number of the step under the cursor."""
        return len(self._steps) - self.cursor

    def header(self, width: int) -> Sequence[Part]:
        """How many there are, and how many of them are taken back."""
        undone = sum(not one.is_applied for one in self._steps)
        words = f"{undone:,} taken back" if undone else ""
        return [(fit(f"   {figures.count(len(self._steps), 'step')}  {words}", width), "")]

    def render_line(self, y: int) -> Strip:
        """One visible line; below the start, where there is no step yet, what makes one."""
        told = y - self.HEADER_LINES - 2
        if not self._steps and 0 <= told < len(_NO_STEP):
            width = self.scrollable_content_region.width
            return self._strip([("   ", ""), (fit(_NO_STEP[told], width - 3), "muted")], width, self.rich_style)
        return super().render_line(y)

    def row(self, index: int, width: int) -> Sequence[Part]:
        """One step: a sign for where one is, its words, its count and time."""
        number = len(self._steps) - index
        sign = GLYPHS.active if number == self.present else " "
        if number == 0:
            return [(f" {sign} ", "good"), (fit("the start: as it was prepared", width - 3), "muted")]
        step = self._steps[number - 1]
        when = _WHEN if width >= 56 else 0
        counts = max(len(f"{one.count:,}") for one in self._steps) + 1 if width >= 40 else 0
        words = fit(f"{number:>3}  {display_line(step.words, limit=300)}", width - 3 - when - counts)
        return [
            (f" {sign} ", "good"),
            (words, "" if step.is_applied else "muted"),
            (fit_right(f"{step.count:,}", counts) if counts else "", "muted"),
            (fit_right(figures.local_date(step.time), when) if when else "", "muted"),
        ]


class VersionList(RowView):
    """The versions, newest first; two are marked to be compared."""

    HEADER_LINES = 1
    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "mark", "Mark", show=False)]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._versions: Sequence[DatasetVersion] = ()
        self._marks: list[str] = []

    def show(self, versions: Sequence[DatasetVersion]) -> None:
        """Shows the versions."""
        self._versions = versions
        self._marks = [one for one in self._marks if any(one == known.content_hash for known in versions)]
        self.set_row_count(len(versions))

    @property
    def current(self) -> DatasetVersion | None:
        """The version under the cursor."""
        return self._versions[self.cursor] if self._versions else None

    @property
    def newest(self) -> DatasetVersion | None:
        """The working version."""
        return self._versions[0] if self._versions else None

    @property
    def pair(self) -> tuple[DatasetVersion, DatasetVersion] | None:
        """The two marked versions, or the one under the cursor and the working one; the older one first."""
        marked = [one for one in self._versions if one.content_hash in self._marks]
        if len(marked) == 2:
            return marked[1], marked[0]
        if self.current is None or self.newest is None or self.cursor == 0:
            return None
        return self.current, self.newest

    def action_mark(self) -> None:
        """Marks or unmarks a version; of three the one marked first is let go."""
        if self.current is not None:
            content_hash = self.current.content_hash
            if content_hash in self._marks:
                self._marks.remove(content_hash)
            else:
                self._marks = [*self._marks, content_hash][-2:]
            self.refresh()
            self.cursor += 1

    def clicked(self, row: int, x: int, event: Click) -> None:
        """A click on the left margin marks."""
        if x < 2:
            self.action_mark()

    def header(self, width: int) -> Sequence[Part]:
        """What the list is."""
        return [(fit(f"  {figures.count(len(self._versions), 'version')}  {GLYPHS.stopped} fixed", width), "")]

    def row(self, index: int, width: int) -> Sequence[Part]:
        """One version: whether it is fixed, its names, its number, and how many examples it has."""
        version = self._versions[index]
        names = ", ".join(display_line(one, limit=64) for one in version.names)
        is_marked = version.content_hash in self._marks
        hashed = version.dataset_version[:8]
        shown = f"{names}  {hashed}" if names else hashed
        shown += "  now" if index == 0 else ""
        return [
            ("▌ " if is_marked else "  ", "accent"),
            (f"{GLYPHS.stopped} " if version.is_fixed else "  ", "good"),
            (fit(shown, width - 12), "strong" if names else ""),
            (fit_right(f"{version.examples:,}", 8), "muted"),
        ]


class HistoryPane(Horizontal):
    """Walks through the steps, names versions and compares them."""

    DEFAULT_CSS = """
    HistoryPane { height: 1fr; }
    HistoryPane StepList { width: 1fr; height: 1fr; border-right: vkey $border-blurred; }
    HistoryPane VersionList { width: 27; height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "name", "Name", tooltip="Give a version a name for good, which also fixes it"),
        Binding("equals_sign", "compare", "Compare", key_display="=", tooltip="What differs between two versions"),
        Binding("tab", "app.focus_next", "Versions", show=False),
        Binding("escape", "screen.back", "Back"),
    ]

    class StepWanted(Message):
        """Go to the state after a step."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    class NameWanted(Message):
        """Give a version a name."""

        def __init__(self, version: DatasetVersion) -> None:
            super().__init__()
            self.version = version

    class CompareWanted(Message):
        """Show what differs between two versions; ``None`` where two are not chosen."""

        def __init__(self, pair: tuple[DatasetVersion, DatasetVersion] | None) -> None:
            super().__init__()
            self.pair = pair

    def compose(self) -> ComposeResult:
        yield StepList(id="history-steps")
        yield VersionList(id="history-versions")

    @property
    def steps(self) -> StepList:
        """The steps."""
        return self.query_one(StepList)

    @property
    def versions(self) -> VersionList:
        """The versions."""
        return self.query_one(VersionList)

    def show(self, steps: Sequence[EditStep], versions: Sequence[DatasetVersion]) -> None:
        """Shows both anew."""
        self.steps.show(steps)
        self.versions.show(versions)

    def action_name(self) -> None:
        """Names the version under the cursor of the versions, the working one while the keys go to the steps."""
        versions = self.versions
        chosen = versions.current if versions.has_focus else versions.newest
        if chosen is not None:
            self.post_message(self.NameWanted(chosen))

    def action_compare(self) -> None:
        """Compares the two marked versions, or the one under the cursor with the working one."""
        self.post_message(self.CompareWanted(self.versions.pair))

    @on(RowView.Chosen, "#history-steps")
    def _step_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        self.post_message(self.StepWanted(self.steps.number))

    @on(RowView.Chosen, "#history-versions")
    def _version_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        self.action_compare()

    @on(RowView.Moved)
    def _moved(self, event: RowView.Moved) -> None:
        event.stop()
