"""The screen Dataset: look at examples, edit and drop them, prepare them anew, export them."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.widgets import ContentSwitcher, Input, Static

from webtune_tui.tui.dataset.asking import Asking
from webtune_tui.tui.dataset.bulk import Bulk
from webtune_tui.tui.dataset.comparing import Comparing
from webtune_tui.tui.dataset.copying import Copying
from webtune_tui.tui.dataset.designing import Designing
from webtune_tui.tui.dataset.drafting import Drafting
from webtune_tui.tui.dataset.editing import EXAMPLE_KEYS, Editing
from webtune_tui.tui.dataset.filtering import Filtering
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.history import History
from webtune_tui.tui.dataset.listing import Listing
from webtune_tui.tui.dataset.looking_at_dropped import LookingAtDropped
from webtune_tui.tui.dataset.part import DatasetPart
from webtune_tui.tui.dataset.preparing import Preparing
from webtune_tui.tui.dataset.private_data import LookingForPrivate
from webtune_tui.tui.dataset.reading import Reading
from webtune_tui.tui.dataset.reshaping import Reshaping
from webtune_tui.tui.dataset.reviewing import Reviewing
from webtune_tui.tui.dataset.selecting import Selecting
from webtune_tui.tui.dataset.statistics import LookingAtStatistics
from webtune_tui.tui.dataset.table_tools import TOOL_LINKS, TableTools
from webtune_tui.tui.dataset.triaging import Triaging
from webtune_tui.tui.dataset.undoing import Undoing
from webtune_tui.tui.dataset.writing import Writing
from webtune_tui.tui.parts import made_of
from webtune_tui.tui.widgets.condition_input import ConditionInput
from webtune_tui.tui.widgets.draft_offer import DraftOffer
from webtune_tui.tui.widgets.empty_state import EmptyState
from webtune_tui.tui.widgets.example_detail import ExampleDetail
from webtune_tui.tui.widgets.example_editor import ExampleEditor
from webtune_tui.tui.widgets.example_table import ExampleTable


@made_of(
    TableTools,
    Editing,
    Bulk,
    Selecting,
    Undoing,
    Filtering,
    Reading,
    Listing,
    Copying,
    Comparing,
    Reshaping,
    Preparing,
    Triaging,
    LookingAtStatistics,
    Designing,
    Reviewing,
    History,
    LookingAtDropped,
    Drafting,
    Writing,
    LookingForPrivate,
    Asking,
)
class DatasetScreen(DatasetFrame):
    """Examples, one by one and all together. What can be done with them are its parts, in the order of their keys."""

    TITLE = "Dataset"
    KEY = "3"
    ORDER = 3
    CSS_PATH = "dataset.tcss"
    HELP = (
        "Here records become chat examples. Look at them, filter them, edit or drop what is wrong: every change is a "
        "step of the recipe, so it can be undone and replayed. Examples are split so that near-duplicates never lie in "
        "training and test at once.\n\n"
        "Triage (t) counts ten kinds of harm in the raw records and in this version, the worst first: enter goes to "
        "the rows, where e edits one and d drops it; f shows what mends a kind and what that would do, then sets it; b "
        "sets the last fix back, r looks again.\n\n"
        "The template studio (T) shows what a template makes of 20 real rows while you write it: an open brace offers "
        "the fields, F2 to F5 choose random, shortest, longest or worst rows, F6 shows texts whole, F7 adds a template "
        "for variety, F8 takes one out, F9 turns to the next, ctrl+t begins one, ctrl+s saves.\n\n"
        "The recipe (p) shows what each step does to a sample, with both sides: space turns a step on or off, J and K "
        "move it within its stage, enter goes to its options, r runs all. The dropped records (D) each keep their "
        "reason; b brings the marked ones back, and a duplicate then takes the place of the one that stayed; B brings "
        "back all of a reason, or what meets a condition.\n\n"
        "Many at once: marks, a range (M at both its ends), all that is listed (a), then B: drop, move, replace, trim, "
        "re-template, tag, send to review, export and more, each shown with its count and samples first, and one "
        "step: z undoes it. "
        "Review (w): k keeps, f fixes, d drops, s skips, u goes back; n begins another or a second pass, a tells how "
        "far two passes agree. History (H): enter walks to a step, tab goes to the versions, n names one, space marks "
        "two and = shows what differs.\n\n"
        "Statistics (S) show what the version consists of: tokens, lengths, turns, sources, ages, languages, flags, "
        "fields, words and cost. Left and right turn to the next measure, up and down walk its bars, enter lists the "
        "rows of a bar; c stops counting, r counts again.\n\n"
        "In the table: enter reads an example, space marks it, shift with an arrow key marks many, a marks all that "
        "are listed, g and G go to the first and the last one, : goes to a row (500, or 50%), a click on the left "
        "margin marks. / filters by words, n and N go to the next example that has them and to the one before; f "
        "filters by a condition such as tokens > 800 and flag:edited; F counts what is listed by split, source, "
        "language, flag and edits: enter or space there joins the filter. O sorts, as a click on a title does; L "
        "chooses columns, their order and widths; V keeps all that as a view by name. o goes from an example to the "
        "record that it was made of, its raw bytes and its page. "
        "x writes files for OpenAI, DPO, ShareGPT, Alpaca, Parquet or "
        "CSV; v checks any file against the provider and the base, and writes a mended copy. P lists personal data and "
        "secrets in the records by kind and domain, masked.\n\n"
        "The example says what the model learns from it: turns with a full bar carry loss, others are read. R turns "
        "to its raw JSON and back, y copies a message, the answer or the JSON, c compares it word by word with its "
        "duplicates, its group and its source (s keeps the other one instead, b keeps both), C lists the largest "
        "clusters. m (F2 while editing) changes a role or a weight, splits an example in two, merges it with the next "
        "or the other marked one, duplicates it, or moves its group to another split. Ctrl+o while editing opens "
        "$EDITOR."
    )

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)
        self._reading = Reading(self)
        self._listing = Listing(self, self._reading)
        self._selected = Selecting(self, self._listing)
        self._editing = Editing(self, self._listing)
        writing = Writing(self)
        dropped = LookingAtDropped(self, self._listing)
        preparing = Preparing(self, self._listing, dropped)
        self.take(
            TableTools(self, self._listing),
            self._editing,
            Bulk(self, self._selected, self._editing, writing, dropped),
            self._selected,
            Undoing(self, self._editing),
            Filtering(self, self._listing),
            self._reading,
            self._listing,
            Copying(self),
            Comparing(self, self._listing, self._editing, dropped),
            Reshaping(self, self._editing),
            preparing,
            Triaging(self, self._editing, preparing, dropped),
            LookingAtStatistics(self, self._listing),
            Designing(self, preparing),
            Reviewing(self, self._listing, self._editing),
            History(self, self._editing),
            dropped,
            Drafting(self, self._editing),
            writing,
            LookingForPrivate(self, dropped),
            Asking(self, preparing),
        )

    def compose_body(self) -> ComposeResult:
        yield Static("", id="version-line", markup=False)
        yield DraftOffer(id="draft-offer")
        with ContentSwitcher(id="dataset-views", initial="empty"):
            with Container(id="examples"):
                with Vertical(id="table-panel", classes="panel"):
                    with Horizontal(id="filter-row", classes="filter-row"):
                        yield Static("/", classes="filter-sign", markup=False)
                        yield Input(id="filter", placeholder="words in any message", compact=True)
                    with Horizontal(id="where-row", classes="filter-row"):
                        yield Static("f", classes="filter-sign", markup=False)
                        yield ConditionInput(id="where")
                    yield ExampleTable(id="table")
                with Vertical(id="side", classes="panel"):
                    yield ExampleDetail(id="detail")
                    yield ExampleEditor(id="editor")
            for part in self.view_parts:
                yield part.compose()
            yield EmptyState("Dataset", "Opening the workspace …", id="empty")
        yield Static("", id="dataset-status", markup=False)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#table-panel").border_title = TOOL_LINKS
        self.query_one("#side").border_title = "Example"
        self.query_one("#side").border_subtitle = EXAMPLE_KEYS

    def on_resize(self) -> None:
        super().on_resize()
        self.show_version()
        if self.has_side:
            self._reading.load()

    async def services_ready(self) -> None:
        await super().services_ready()
        for part in self.dataset_parts:
            await part.services_ready()

    async def shown(self) -> None:
        await self._listing.open_version()
        for part in self.dataset_parts:
            await part.shown()

    async def reveal(self, thing_id: str) -> None:
        """Puts the cursor on an example of the working version, whatever was filtered before."""
        if self.is_editing:
            self.say("First save or leave the edit", "-care")
            return
        await self._listing.open_version()
        await self._listing.reveal(thing_id)

    def show_where(self, condition: str) -> None:
        """Lists the examples that fulfil a condition."""
        self._listing.show_where(condition)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers the keys that mean something in the present view."""
        kind = self.ACTIONS.get(action)
        part = self.part(kind) if kind is not None else None
        if isinstance(part, DatasetPart) and not (self.are_views_there and part.offers(action)):
            return False
        return super().check_action(action, parameters)

    def focus_home(self) -> None:
        if (part := self.view_part) is not None:
            part.focus()
        elif self.view == "examples":
            (self.editor if self.is_editing else self.table).focus()
        else:
            self.set_focus(None)

    def action_back(self) -> None:
        """Closes what is open, the innermost first."""
        if not any(part.step_back() for part in self.dataset_parts):
            super().action_back()


SCREEN = DatasetScreen
