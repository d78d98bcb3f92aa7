"""The screen Collect: a board of collections above, the one under the cursor below."""

from __future__ import annotations

import time
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.timer import Timer
from textual.widgets import Input

from webtune_tui.domain import clock
from webtune_tui.domain.records import Collection
from webtune_tui.services.collect import CollectPlan
from webtune_tui.services.page_plan import SOURCE as PAGES
from webtune_tui.tui.collecting.durations import UsualDurations
from webtune_tui.tui.collecting.fitting import why_not
from webtune_tui.tui.collecting.following import FollowedWork
from webtune_tui.tui.collecting.looked_at import LookedAt
from webtune_tui.tui.collecting.no_records import NoRecords
from webtune_tui.tui.collecting.questions import CollectQuestions
from webtune_tui.tui.known_collections import KnownCollections
from webtune_tui.tui.presentation.states import collection_look
from webtune_tui.tui.screens.base import StageScreen
from webtune_tui.tui.source_forms.base import ImportRequest
from webtune_tui.tui.widgets.board_filter import BoardFilter
from webtune_tui.tui.widgets.collection_board import CollectionBoard
from webtune_tui.tui.widgets.collection_detail import CollectionDetail
from webtune_tui.tui.widgets.unfinished_offer import UnfinishedOffer

_REDRAW_SECONDS = 0.5
_CLOCK_SECONDS = 1.0


class CollectScreen(StageScreen):
    """Board and detail. What is followed live goes on when one looks elsewhere."""

    TITLE = "Collect"
    KEY = "2"
    ORDER = 2
    HELP = (
        "A collection is one run of a source that brings records: a scraper, pages, a web search, a marketplace "
        "dataset, or files of yours. Before anything is sent you see what it costs at most and exactly what goes "
        "over the wire; a changed form has to be confirmed again. A collection goes on at the service when you "
        "leave; resuming never starts it a second time. Records are kept as they came; error rows and rejects are "
        "apart, with their reasons. Enter goes from the board into the records; [ and ] turn the panes."
    )
    CSS_PATH = "collect.tcss"
    EDITING = frozenset({"new", "resume", "resume_all", "cancel", "adopt", "import_files", "retry", "delete", "pages"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New", tooltip="New collection: scraper, pages, search, marketplace or files"),
        Binding("i", "import_files", "Import", tooltip="Import files, folders or patterns"),
        Binding("r", "resume", "Resume", tooltip="Go on with the collection under the cursor; never starts it anew"),
        Binding("x", "cancel", "Cancel", tooltip="Ask the service to stop; asks first"),
        Binding("f", "retry", "Retry", tooltip="Collect the failed inputs again, priced anew"),
        Binding("d", "delete", "Delete", tooltip="Delete the collection; says first what depends on it"),
        Binding("p", "pages", "Pages", tooltip="Fetch the pages that the records name", show=False),
        Binding("a", "adopt", "Adopt", tooltip="Take over a snapshot by its id", show=False),
        Binding("slash", "filter", "Filter", tooltip="Filter the collections by name, source, state or id", show=False),
        Binding("ctrl+r", "resume_all", "Resume all", tooltip="Go on with all that is unfinished", show=False),
        Binding("right_square_bracket", "turn(1)", "Next pane", key_display="]", show=False),
        Binding("left_square_bracket", "turn(-1)", "Previous pane", key_display="[", show=False),
        Binding("E", "pane('errors')", "Errors", tooltip="Error and warning rows", show=False),
        Binding("R", "pane('rejects')", "Rejects", tooltip="What could not be used, with its reasons", show=False),
        Binding("l", "toggle_log", "Log", tooltip="The log, or back to the records", show=False),
    ]

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self._known = KnownCollections()
        self._durations = UsualDurations(self, self._show_board)
        self._looked_at = LookedAt(self, self._known, self._durations)
        self._questions = CollectQuestions(self)
        self._followed_work = FollowedWork(
            self,
            self._known,
            begun=self._work_begun,
            importing=lambda progress: self.query_one(NoRecords).show_import(progress),
            found=self._show_board,
            ended=self._work_ended,
        )
        self._opened_at = ""
        self._drawn_at = 0.0
        self._ticker: Timer | None = None

    def compose_body(self) -> ComposeResult:
        yield NoRecords(id="collect-empty")
        with Vertical(id="collect-main"):
            yield UnfinishedOffer(id="collect-offer")
            yield BoardFilter(id="collect-filter")
            yield CollectionBoard(self._durations.of, id="collect-board", classes="panel")
            yield CollectionDetail(id="collect-detail")

    def on_mount(self) -> None:
        self._ticker = self.set_interval(_REDRAW_SECONDS, self._redraw, pause=True)
        self._show_emptiness()

    @property
    def board(self) -> CollectionBoard:
        """The list of collections."""
        return self.query_one("#collect-board", CollectionBoard)

    @property
    def detail(self) -> CollectionDetail:
        """The collection under the cursor."""
        return self._looked_at.detail

    @property
    def current(self) -> Collection | None:
        """The collection under the cursor as it is known now."""
        return self._looked_at.current

    def focus_home(self) -> None:
        self.board.focus()

    async def shown(self) -> None:
        """Reads the collections anew; live ones keep what is newer here."""
        self._known.read(await self.services.collect.collections())
        self._show_board()
        self._offer()
        await self._looked_at.refresh()
        if self.focused is None:
            self.focus_home()

    async def services_ready(self) -> None:
        """From now on new collections are of this session."""
        self._opened_at = clock.now()

    async def reveal(self, thing_id: str) -> None:
        """Puts the cursor on a collection, whatever was filtered before."""
        with self.prevent(Input.Changed):
            self.query_one(BoardFilter).value = ""
        await self.shown()
        self._show_board(thing_id)
        self.focus_home()

    # Which actions fit the collection under the cursor

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Greys what does not fit the collection under the cursor; its key then says why."""
        return None if why_not(action, self.current) else super().check_action(action, parameters)

    def on_key(self, event: events.Key) -> None:
        """Says why a greyed key does nothing; the frame's own answer comes beside it."""
        if self.is_read_only or isinstance(self.focused, Input):
            return
        for binding in self._bindings.key_to_bindings.get(event.key, []):
            reason = why_not(binding.action, self.current)
            if reason:
                event.stop()
                self.notify(reason)

    # Actions

    @work(group="new", exclusive=True, exit_on_error=False)
    async def action_new(self) -> None:
        """Asks for the source, opens its form and starts what was confirmed."""
        self.start(await self._questions.new())

    @work(group="import-ask", exclusive=True, exit_on_error=False)
    async def action_import_files(self) -> None:
        """Asks for files, shows what lies in them and imports them."""
        self.start(await self._questions.of_source("files", "Files"))

    def start(self, answer: CollectPlan | ImportRequest | None) -> None:
        """Starts what was confirmed and follows it."""
        match answer:
            case CollectPlan():
                self._followed_work.start(answer)
            case ImportRequest():
                self._followed_work.start_import(answer)

    @work(group="resume", exclusive=True, exit_on_error=False)
    async def action_resume(self) -> None:
        """Goes on with the collection under the cursor; paid pages of unknown end are asked for anew only on word."""
        collection = self.current
        if collection is None or collection.state.is_final:
            return
        key = collection.collection_id
        if self._known.is_live(key):
            self.notify("It is being followed already.")
            return
        pays_again = collection.source == PAGES and await self._questions.pay_again(key)
        self._followed_work.resume(collection, resend_unknown=pays_again)

    def action_resume_all(self) -> None:
        """Goes on with all that is unfinished."""
        waiting = self._known.unfinished
        if not waiting:
            self.notify("Nothing is unfinished.")
        for collection in waiting:
            self._followed_work.resume(collection)
        self._offer()

    @work(group="cancel", exclusive=True, exit_on_error=False)
    async def action_cancel(self) -> None:
        """Asks the person, then the service, to stop."""
        collection = self.current
        if collection is None or collection.state.is_final:
            return
        label = collection.label or collection.collection_id
        if collection is self._followed_work.running_import:
            if await self._questions.stop_import(label):
                self._followed_work.stop_import()
        elif await self._questions.cancel(label):
            answered = await self.services.collect.cancel(collection.collection_id)
            self._known.put(answered)
            self._show_board()
            self.refresh_overview()
            self.notify(f"The collection is {collection_look(answered.state).word}.")
            await self._looked_at.load_log(answered.collection_id)

    @work(group="retry", exclusive=True, exit_on_error=False)
    async def action_retry(self) -> None:
        """Prices the failed inputs as a collection of their own and asks for the confirmation."""
        if self.current is not None:
            self.start(await self._questions.retry(self.current))

    @work(group="pages", exclusive=True, exit_on_error=False)
    async def action_pages(self) -> None:
        """Opens the pages form with the addresses of this collection's records."""
        if self.current is not None:
            self.start(await self._questions.pages(self.current))

    @work(group="adopt", exclusive=True, exit_on_error=False)
    async def action_adopt(self) -> None:
        """Takes over a snapshot of the account."""
        snapshot_id = await self._questions.snapshot(self.current)
        if snapshot_id:
            self._followed_work.adopt(snapshot_id)

    @work(group="delete", exclusive=True, exit_on_error=False)
    async def action_delete(self) -> None:
        """Says what depends on the collection, asks, and deletes it with its records and raw files."""
        collection = self.current
        if collection is not None and await self._questions.delete(collection):
            await self.services.origins.delete(collection.collection_id)
            self._known.forget(collection.collection_id)
            self._show_board()
            self.refresh_overview()
            self.notify(f"{collection.label or collection.collection_id} is deleted.")

    def action_filter(self) -> None:
        """Opens the filter; esc clears and closes it."""
        self.query_one(BoardFilter).open()

    @on(Input.Changed, "#collect-filter")
    def filter_changed(self) -> None:
        """Narrows the board while one types."""
        self._show_board()

    @on(Input.Submitted, "#collect-filter")
    def filter_left(self) -> None:
        """Enter goes to the rows that are left."""
        self.focus_home()

    def action_back(self) -> None:
        field = self.query_one(BoardFilter)
        if field.display and self.focused in (field, self.board):
            field.close()
        self.focus_home()

    def action_turn(self, steps: int) -> None:
        """Turns to the next or previous pane."""
        self.detail.tabs.action_step(steps)

    def action_pane(self, name: str) -> None:
        """Shows a pane by its name and goes into it."""
        self.detail.take(name)

    def action_toggle_log(self) -> None:
        """Shows the log in the place of the records, or back."""
        self.detail.tabs.take("records" if self.detail.tabs.value == "log" else "log")

    # Work that is followed

    def _work_begun(self) -> None:
        if self._ticker is not None:
            self._ticker.resume()
        self._offer()

    async def _work_ended(self) -> None:
        self.query_one(NoRecords).show_beginning()
        self._show_board()
        self.refresh_overview()
        self.refresh_bindings()
        await self._looked_at.load()
        self._offer()
        if not self._known.has_live and self._ticker is not None:
            self._ticker.pause()

    # Drawing

    @on(CollectionBoard.Moved, "#collect-board")
    def board_moved(self) -> None:
        """Shows the collection under the cursor."""
        current = self.board.current
        if current is not None and self._looked_at.turn_to(current.collection_id):
            self.refresh_bindings()

    @on(CollectionBoard.Chosen, "#collect-board")
    def board_opened(self) -> None:
        """Enter goes into the pane that is shown."""
        self.detail.focus_pane()

    def _show_board(self, current_id: str | None = None) -> None:
        ordered = self._known.ordered
        field = self.query_one(BoardFilter)
        fitting = field.fitting(ordered)
        self._show_emptiness()
        self.board.styles.height = None if self.has_class("-short") else max(len(fitting), 4) + 3
        self.board.show(fitting, current_id)
        self.board.tell_count(len(fitting), len(ordered), is_narrowed=field.is_narrowing)
        self.board_moved()
        self._looked_at.show_status()
        current = [self.current] if self.current is not None else []
        self._durations.learn([one for one in fitting if not one.state.is_final] + current)

    def _show_emptiness(self) -> None:
        is_empty = not len(self._known)
        self.query_one(NoRecords).display = is_empty
        self.query_one("#collect-main").display = not is_empty

    def _offer(self) -> None:
        """Offers what earlier days left unfinished."""
        waiting = self._known.unfinished
        self.query_one(UnfinishedOffer).offer(waiting, self._opened_at, is_read_only=self.is_read_only)

    @on(UnfinishedOffer.Taken)
    def offer_clicked(self) -> None:
        """A click does what the key does."""
        if not self.refuses_editing():
            self.action_resume_all()

    def _redraw(self) -> None:
        """Draws what has changed, and each second what counts time; nothing while something else is above."""
        followed, now = self._followed_work, time.monotonic()
        if not self.is_active or not (followed.is_dirty or now - self._drawn_at >= _CLOCK_SECONDS):
            return
        followed.is_dirty, self._drawn_at = False, now
        self._show_board()
        if self._known.has_live and self._looked_at.grow(is_log_dirty=followed.is_log_dirty):
            followed.is_log_dirty = False


SCREEN = CollectScreen
