"""What every part of the Dataset screen shares: the version in sight, the view in front, and the line below it."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import ContentSwitcher, Static

from webtune_tui.domain.datasets import DatasetVersion, PrepareReport
from webtune_tui.domain.errors import NotFound
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.storage.drafts import EditDrafts
from webtune_tui.tui.dataset.part import DatasetPart, ViewPart
from webtune_tui.tui.parts import PartedScreen
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.dataset_summary import leak_words, version_line
from webtune_tui.tui.widgets.empty_state import EmptyState
from webtune_tui.tui.widgets.example_detail import ExampleDetail
from webtune_tui.tui.widgets.example_editor import ExampleEditor
from webtune_tui.tui.widgets.example_table import ExampleTable

HINTS = {  # each fits a window of 80 columns; [@click=...] are ours, so that a mouse reaches what has a key
    "examples": (
        "enter reads · space marks · [@click=screen.where]f where[/] · [@click=screen.statistics]S charts[/] · "
        "[@click=screen.review]w review[/] · [@click=screen.history]H history[/]"
    ),
    "reading": "↑ ↓ scroll · e edits · d drops · [@click=screen.hit(1)]n next hit[/] · esc goes back to the rows",
    "filter": "enter goes to the rows · esc takes the filter away",
    "where": "→ completes what stands in grey · enter goes to the rows · esc takes it away",
    "editing": "typing is kept as a draft · tab goes to the next message",
    "prepare": (
        "space on or off · J K move · enter options · [@click=screen.studio]T template[/] · "
        "[@click=screen.dropped]D dropped[/]"
    ),
    "triage": "enter goes to the rows: e edits one, d drops it · b sets a fix back",
    "statistics": "← → other measures · enter lists the rows of a bar · esc goes back",
    "studio": "{ offers fields · tab goes on · F2-F5 other rows · F6 whole texts · ? more",
    "review": "k keep · f fix · d drop · s skip · u back · n new · esc leaves it",
    "history": "enter goes to a step · tab versions · n names · space marks two · = compares",
    "dropped": "space marks · b brings back: a duplicate then replaces what stayed for it",
}


_FOCUSED = {"detail": "reading", "filter": "filter", "where": "where"}
"""Where in the view of the examples the keys go, and the hint for it; elsewhere it is that of the table."""


class DatasetFrame(PartedScreen):
    """The frame of the screen; its parts work on it and on nothing of each other."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)
        self.version: DatasetVersion | None = None
        self.report: PrepareReport | None = None
        self._hinted = ""

    # Parts

    @property
    def dataset_parts(self) -> list[DatasetPart]:
        """All that the screen can do."""
        return [one for one in self.parts if isinstance(one, DatasetPart)]

    @property
    def view_parts(self) -> list[ViewPart]:
        """Those with a view of their own."""
        return [one for one in self.parts if isinstance(one, ViewPart)]

    # What is in sight

    @property
    def are_views_there(self) -> bool:
        """Whether the screen is composed."""
        return self.query_one_optional("#dataset-views") is not None  # remembered; asked for each key of each footer

    @property
    def view(self) -> str:
        """The view in front: examples, prepare, dropped or empty."""
        return self.query_one("#dataset-views", ContentSwitcher).current or ""

    @property
    def view_part(self) -> ViewPart | None:
        """The part whose view is in front, where it isn't the table's."""
        front = self.view
        return next((one for one in self.view_parts if front == one.VIEW), None)

    def show_view(self, view: str) -> None:
        """Brings a view to the front; the keys go to where it begins."""
        self.query_one("#dataset-views", ContentSwitcher).current = view
        self.focus_home()
        self.refresh_bindings()
        self.hint(view)

    @property
    def is_editing(self) -> bool:
        """Whether an example is being edited."""
        return self.has_class("-editing")

    @property
    def has_side(self) -> bool:
        """Whether the example is in sight beside or below the table."""
        return not (self.has_class("-narrow") and self.has_class("-short"))

    @property
    def is_side_alone(self) -> bool:
        """Whether the example stands in the place of the table."""
        return not self.has_side and self.has_class("-side-open")

    @property
    def table(self) -> ExampleTable:
        """The list of examples."""
        return self.query_one(ExampleTable)

    @property
    def detail(self) -> ExampleDetail:
        """The example beside the list."""
        return self.query_one(ExampleDetail)

    @property
    def editor(self) -> ExampleEditor:
        """The fields of the example that is edited."""
        return self.query_one(ExampleEditor)

    @property
    def drafts(self) -> EditDrafts:
        """Edits that were typed and not saved."""
        return EditDrafts(self.services.workspace.root)

    # Words

    def say(self, words: str, css_class: str = "") -> None:
        """Shows words in the line at the bottom."""
        self._hinted = ""
        status = self.query_one("#dataset-status", Static)
        status.set_classes(css_class)
        status.update(Content(display_line(words, limit=300)))

    def hint(self, view: str) -> None:
        """Shows what can be done in a view, where the keys go now."""
        self.say("")
        self._hinted = view
        focused = self.focused.id if self.focused is not None else None
        told = _FOCUSED.get(focused or "", view) if view == "examples" else view
        self.query_one("#dataset-status", Static).update(Content.from_markup(HINTS.get(told, "")))

    def on_descendant_focus(self) -> None:
        """The keys go elsewhere: a hint tells those of it, words of an event stay."""
        if self._hinted == "examples":
            self.hint("examples")

    def show_version(self) -> None:
        """Shows the working version in the line at the top."""
        line = self.query_one("#version-line", Static)
        if self.version is None:
            line.update("")
            return
        line.update(version_line(self.version, self.report, self.size.width - 4))
        line.tooltip = Content(leak_words(self.report)) if self.report else None

    async def read_version(self) -> None:
        """Reads the working version and its report anew, and shows them."""
        self.report = await self.services.curate.report()
        try:
            self.version = await self.services.curate.version()
        except NotFound:
            self.version = None
        self.show_version()

    async def show_nothing(self) -> None:
        """Says what is missing to have examples."""
        records = sum(collection.records for collection in await self.services.collect.collections())
        empty = self.query_one("#empty", EmptyState)
        if records:
            empty.show(
                "Records are here, examples are not yet",
                f"{figures.count(records, 'record')} wait to be cleaned, de-duplicated, turned into chat examples and "
                "split for training and testing without leaks.",
                [
                    ("p", "open the recipe, see what it would make, and run it"),
                    ("t", "triage: what harms in the records, and what mends it"),
                    ("T", "write a template of your own beside real rows"),
                ],
            )
        else:
            empty.show(
                "No records yet",
                "A dataset is made from records. Collect some from the web, or import files that you have.",
                [("2", "go to Collect")],
            )
        if self.view == "examples":
            self.show_view("empty")
