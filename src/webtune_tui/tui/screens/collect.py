"""The screen Collect: a board of collections above, the one under the cursor below."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, Static

from webtune_tui import registry
from webtune_tui.domain import clock
from webtune_tui.domain.errors import NotFound, WebtuneError
from webtune_tui.domain.events import (
    CollectEvent,
    CollectionChanged,
    FileImported,
    Imported,
    ImportEvent,
    Noted,
    Progressed,
    RecordsArrived,
)
from webtune_tui.domain.records import Collection, CollectionState, Record, RecordKind
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.collect import CollectPlan
from webtune_tui.services.drift import CollectionDrift
from webtune_tui.services.import_files import SOURCE as FILES
from webtune_tui.services.page_plan import SOURCE as PAGES
from webtune_tui.tui import attention
from webtune_tui.tui.known_collections import KnownCollections, searched
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.collections import progress_words, status, waiting_words
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.states import collection_look
from webtune_tui.tui.screens.base import StageScreen
from webtune_tui.tui.source_forms import base as sources
from webtune_tui.tui.widgets.choice_bar import ChoiceBar
from webtune_tui.tui.widgets.collection_board import CollectionBoard
from webtune_tui.tui.widgets.collection_detail import CollectionDetail, stored
from webtune_tui.tui.widgets.empty_state import EmptyState
from webtune_tui.tui.widgets.record_list import RecordList
from webtune_tui.tui.widgets.reject_list import RejectList, place_of

_REDRAW_SECONDS = 0.5
_MOST_PAGES = 50
_LOG_SECONDS = 0.5
_CLOCK_SECONDS = 1.0
_NEW_IMPORT = "import"
_EMPTY = (
    "No records yet",
    "A model learns from records. Collect them with a scraper, from pages or a search, or import files that you "
    "have. Before anything is sent you see its price at most. The loopback sandbox costs nothing: "
    "webtune sandbox prints its address, and WEBTUNE_BRIGHTDATA_URL takes it.",
    [("n", "new collection"), ("i", "import files"), ("a", "adopt a snapshot by its id")],
)
_NOT_HERE = {
    "resume": "There is nothing to resume here.",
    "cancel": "There is nothing to cancel here.",
    "retry": "No input of this collection failed.",
    "delete": "What is under way can't be deleted; cancel it first.",
}


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
        self._typical: dict[str, float | None] = {}
        self._drift: dict[str, CollectionDrift | None] = {}
        self._shown_id: str | None = None
        self._shown_title = ""
        self._shown_count = ""
        self._drawn_at = 0.0
        self._is_dirty = False
        self._is_log_dirty = False
        self._log_read_at = 0.0
        self._last_source = ""
        self._opened_at = ""
        self._ticker: Timer | None = None

    def compose_body(self) -> ComposeResult:
        yield EmptyState(*_EMPTY, id="collect-empty")
        with Vertical(id="collect-main"):
            yield Static("", id="collect-offer", markup=False)
            yield Input(placeholder="Filter by name, source, state or id", id="collect-filter", compact=True)
            board = CollectionBoard(self._typical_of, id="collect-board", classes="panel")
            board.border_title = "Collections"
            yield board
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
        return self.query_one("#collect-detail", CollectionDetail)

    @property
    def current(self) -> Collection | None:
        """The collection under the cursor as it is known now."""
        return self._known.get(self._shown_id)

    def focus_home(self) -> None:
        self.board.focus()

    async def shown(self) -> None:
        """Reads the collections anew; live ones keep what is newer here."""
        self._known.read(await self.services.collect.collections())
        self._show_board()
        self._offer()
        if self.current is not None and not self.current.state.is_final:
            await self._refresh_detail(self.current)
        if self.focused is None:
            self.focus_home()

    async def services_ready(self) -> None:
        """From now on new collections are of this session."""
        self._opened_at = clock.now()

    async def reveal(self, thing_id: str) -> None:
        """Puts the cursor on a collection, whatever was filtered before."""
        with self.prevent(Input.Changed):
            self.query_one("#collect-filter", Input).value = ""
        await self.shown()
        self._show_board(thing_id)
        self.focus_home()

    # Which actions fit the collection under the cursor

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Greys what does not fit the collection under the cursor; its key then says why."""
        return None if self._is_not_here(action) else super().check_action(action, parameters)

    def _is_not_here(self, action: str) -> bool:
        current = self.current
        match action:
            case "resume" | "cancel":
                return current is None or current.state.is_final
            case "retry":
                return current is None or not current.errors or not current.state.is_final
            case "delete":
                return current is None or not current.state.is_final
        return False

    def on_key(self, event: events.Key) -> None:
        """Says why a greyed key does nothing; the frame's own answer comes beside it."""
        for binding in self._bindings.key_to_bindings.get(event.key, []):
            if not self.is_read_only and not isinstance(self.focused, Input) and self._is_not_here(binding.action):
                event.stop()
                self.notify(_NOT_HERE[binding.action])

    # Actions

    @work(group="new", exclusive=True, exit_on_error=False)
    async def action_new(self) -> None:
        """Asks for the source, opens its form and starts what was confirmed; esc leads back to the sources."""
        from webtune_tui.tui.modals.pick_source import PickSource  # dialogues load when first needed

        while True:
            choices = sources.choices()
            name = await self.webtune.push_screen_wait(PickSource(choices, self._last_source))
            if name is None:
                return
            self._last_source = name
            title = next(choice.title for choice in choices if choice.name == name)
            if await self._ask_source(name, title):
                return

    async def _ask_source(self, name: str, title: str) -> bool:
        """Opens one source's form or dialogue; false when the person went back."""
        module = registry.load(sources.PACKAGE, name)
        if hasattr(module, "DIALOGUE"):
            answer = await self.webtune.push_screen_wait(module.DIALOGUE(self.services))
        else:
            answer = await self._confirmed(module.FORM(self.services), title)
        match answer:
            case CollectPlan():
                self._begin(answer)
            case sources.ImportRequest():
                self._import(answer)
        return answer is not None

    async def _confirmed(self, form: sources.SourceForm, title: str) -> CollectPlan | None:
        from webtune_tui.tui.modals.new_collection import NewCollection

        await self._tell_notice()
        plan: CollectPlan | None = await self.webtune.push_screen_wait(NewCollection(form, self.services, title))
        return plan

    async def _tell_notice(self) -> None:
        """Shows, once for the person, what collecting asks of them."""
        from webtune_tui.services.notice import Notice
        from webtune_tui.tui.modals.message import Message

        notice = Notice()
        if await asyncio.to_thread(notice.is_due):
            title, _, text = notice.text().partition("\n")
            await self.webtune.push_screen_wait(Message(title, text))
            await asyncio.to_thread(notice.acknowledge)

    @work(group="import-ask", exclusive=True, exit_on_error=False)
    async def action_import_files(self) -> None:
        """Asks for files, shows what lies in them and imports them."""
        await self._ask_source("files", "Files")

    @work(group="resume", exclusive=True, exit_on_error=False)
    async def action_resume(self) -> None:
        """Goes on with the collection under the cursor; paid pages of unknown end are asked for anew only on word."""
        collection = self.current
        if collection is None or collection.state.is_final:
            return
        key = collection.collection_id
        if self._known.is_live(key):
            self.notify("It is being followed already.")
        elif collection.source == PAGES and await self._asks_again(key):
            stream = self.services.collect.resume(key, resend_unknown=True)
            self._follow_live(key, stream, collection.label or key)
        else:
            self._resume(collection)

    async def _asks_again(self, collection_id: str) -> bool:
        """Whether the person agrees to pay again for pages whose end is not known; false where there are none."""
        again = await self.services.collect.unknown_pages(collection_id)
        if not again.count:
            return False
        question = (
            f"{figures.count(again.count, 'page')} were asked for and their end is not known: they may have been paid "
            f"already. Asking again costs at most {figures.money(again.cost)} more ({again.basis})."
        )
        return await self.confirm("Ask again for them?", question, yes="Ask again", no="Leave them out")

    def action_resume_all(self) -> None:
        """Goes on with all that is unfinished."""
        waiting = self._known.unfinished
        if not waiting:
            self.notify("Nothing is unfinished.")
        for collection in waiting:
            self._resume(collection)
        self._offer()

    def _resume(self, collection: Collection) -> None:
        key = collection.collection_id
        self._follow_live(key, self.services.collect.resume(key), collection.label or key)

    @work(group="cancel", exclusive=True, exit_on_error=False)
    async def action_cancel(self) -> None:
        """Asks the person, then the service, to stop."""
        collection = self.current
        if collection is None or collection.state.is_final:
            return
        label = collection.label or collection.collection_id
        if collection is self._known.found_as(_NEW_IMPORT):
            words = f"{label}\nWhat is here by then stays; importing the same files again adds only the rest."
            if await self.confirm("Stop the import?", words, yes="Stop it", no="Let it go on"):
                self.workers.cancel_group(self, _NEW_IMPORT)
            return
        question = f"{label}\nThe service is asked to stop. What it has collected by then may still be charged."
        if await self.confirm("Cancel the collection?", question, yes="Cancel it", no="Let it go on", danger=True):
            answered = await self.services.collect.cancel(collection.collection_id)
            self._known.put(answered)
            self._show_board()
            self.refresh_overview()
            self.notify(f"The collection is {collection_look(answered.state).word}.")
            await self._load_log(answered.collection_id)

    @work(group="retry", exclusive=True, exit_on_error=False)
    async def action_retry(self) -> None:
        """Prices the failed inputs as a collection of their own and asks for the confirmation."""
        from webtune_tui.tui.widgets.retry_form import RetryForm

        collection = self.current
        if collection is None:
            return
        key = collection.collection_id
        failed = await self.services.collect.failed_inputs(key)
        plan = await self._confirmed(RetryForm(self.services, key, failed), "failed inputs again")
        if plan is not None:
            self._begin(plan)

    @work(group="pages", exclusive=True, exit_on_error=False)
    async def action_pages(self) -> None:
        """Opens the pages form with the addresses of this collection's records."""
        from webtune_tui.tui.source_forms.pages import PagesForm

        collection = self.current
        if collection is None:
            return
        urls, total = await self.services.collect.urls_of(collection.collection_id, limit=_MOST_PAGES)
        if not urls:
            self.notify("The records of this collection have no addresses.")
            return
        if total > len(urls):
            self.notify(f"The first {len(urls):,} of {total:,} addresses.")
        plan = await self._confirmed(PagesForm(self.services, urls), "Pages")
        if plan is not None:
            self._begin(plan)

    @work(group="adopt", exclusive=True, exit_on_error=False)
    async def action_adopt(self) -> None:
        """Takes over a snapshot of the account; those that fit an unknown collection are offered."""
        from webtune_tui.tui.modals.choose_snapshot import ChooseSnapshot, candidates_in

        current = self.current
        is_unknown = current is not None and current.state is CollectionState.UNKNOWN
        candidates = candidates_in(current.message) if current is not None and is_unknown else []
        why = "A snapshot that the service already holds becomes a collection here. Nothing is collected anew."
        if candidates:
            why = "These snapshots of the account fit the time of the collection. Which one did it become?"
        snapshot = await self.webtune.push_screen_wait(ChooseSnapshot(candidates, why))
        if snapshot:
            self._follow_live(f"snapshot {snapshot}", self.services.collect.adopt(snapshot), f"Snapshot {snapshot}")

    @work(group="delete", exclusive=True, exit_on_error=False)
    async def action_delete(self) -> None:
        """Says what depends on the collection, asks, and deletes it with its records and raw files."""
        collection, origins = self.current, self.services.origins
        if collection is None:
            return
        depends = "\n".join((await origins.dependents(collection.collection_id)).lines) or "Nothing depends on it."
        question = f"{collection.label or collection.collection_id}\n\n{depends}\n\nThis can't be undone."
        if await self.confirm("Delete the collection?", question, yes="Delete it", no="Keep it", danger=True):
            await origins.delete(collection.collection_id)
            self._known.forget(collection.collection_id)
            self._show_board()
            self.refresh_overview()
            self.notify(f"{collection.label or collection.collection_id} is deleted.")

    def action_filter(self) -> None:
        """Opens the filter; esc clears and closes it."""
        field = self.query_one("#collect-filter", Input)
        field.display = True
        field.focus()

    @on(Input.Changed, "#collect-filter")
    def filter_changed(self) -> None:
        """Narrows the board while one types."""
        self._show_board()

    @on(Input.Submitted, "#collect-filter")
    def filter_left(self) -> None:
        """Enter goes to the rows that are left."""
        self.focus_home()

    def action_back(self) -> None:
        field = self.query_one("#collect-filter", Input)
        if field.display and (self.focused is field or self.focused is self.board):
            field.value = ""
            field.display = False
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

    def _begin(self, plan: CollectPlan) -> None:
        self._follow_live(plan.collection_id, self.services.collect.start(plan), plan.label)

    def _follow_live(self, key: str, stream: AsyncIterator[CollectEvent], label: str) -> None:
        self._known.begin(key)
        self.webtune.is_notice_hidden = True
        self._tick()
        self.follow(
            stream,
            partial(self._collect_event, key),
            group=f"collect {key}",
            label=f"Collecting {display_line(label, limit=80)}",
            ended=partial(self._collect_ended, key),
        )
        self._offer()

    def _tick(self) -> None:
        if self._ticker is not None:
            self._ticker.resume()

    def _collect_event(self, key: str, event: CollectEvent) -> None:
        match event:
            case CollectionChanged(collection):
                before = self._known.changed(key, collection)
                if before is None:
                    self._show_board(collection.collection_id)
                if before is None or before.state is not collection.state:
                    self.refresh_overview()
                    self.refresh_bindings()
                self._is_log_dirty = True
            case Progressed():
                self._known.progressed(key, event)
            case RecordsArrived():
                pass  # the counters tell how many there are; the list reads what is in sight
            case Noted():
                self._is_log_dirty = True
        self._is_dirty = True

    async def _collect_ended(self, key: str) -> None:
        followed = self._known.ended(key)
        self.query_one("#collect-empty", EmptyState).show(*_EMPTY)
        self._known.read(await self.services.collect.collections())
        collection = self._known.get(followed)
        if collection is not None and collection.state.is_final:
            self._tell_end(collection)
        self._show_board()
        self.refresh_overview()
        self.refresh_bindings()
        if self.current is not None:
            await self._load(self.current.collection_id)
        self._offer()
        if not self._known.has_live and self._ticker is not None:
            self._ticker.pause()

    def _tell_end(self, collection: Collection) -> None:
        label = collection.label or collection.collection_id
        if collection.state is CollectionState.READY:
            words = f"{label}: {figures.count(collection.records, 'record')} are here."
            self.notify(words)
        else:
            words = f"{label}: {collection_look(collection.state).word}. {collection.message}"
        attention.announce(self.webtune, "collected", words)

    def _import(self, request: sources.ImportRequest) -> None:
        self._tick()
        self._known.begin(_NEW_IMPORT)
        self.follow(
            self.services.imports.run(
                request.paths, format=request.format, encoding=request.encoding, list_path=request.list_path
            ),
            self._import_event,
            group=_NEW_IMPORT,
            label=f"Importing {display_line(request.paths[0].name, limit=80)}",
            survives=False,
            ended=partial(self._collect_ended, _NEW_IMPORT),
        )

    def _import_event(self, event: ImportEvent) -> None:
        match event:
            case Progressed():
                self.query_one("#collect-empty", EmptyState).show("Importing", progress_words(event))
                self._known.progressed(_NEW_IMPORT, event)
                self._show_import(event)
            case Noted() | FileImported():
                self._is_log_dirty = True
            case Imported(collection, files):
                self._known.put(collection)
                self._show_board(collection.collection_id)
                rejected = sum(file.rejected for file in files)
                rest = f", {rejected:,} rejected (R lists them)" if rejected else ""
                words = f"Imported {figures.count(collection.records, 'record')}{rest}"
                self.notify(words)
                attention.announce(self.webtune, "imported", words)
        self._is_dirty = True

    def _show_import(self, progress: Progressed) -> None:
        """A row of its own for the import that runs; the service tells its collection only at the end."""
        running = self._known.found_as(_NEW_IMPORT)
        if running is None:
            self.launch(self._find_import, "find-import")
        elif progress.unit == "records":
            self._known.put(replace(running, records=progress.done, new=progress.done))

    async def _find_import(self) -> None:
        for collection in await self.services.collect.collections():
            is_it = collection.source == FILES and collection.state is CollectionState.RUNNING
            if is_it and not self._known.is_live(collection.collection_id):
                self._known.changed(_NEW_IMPORT, collection)
                self._show_board(collection.collection_id)
                return

    # Drawing

    @on(CollectionBoard.Moved, "#collect-board")
    def board_moved(self) -> None:
        """Shows the collection under the cursor."""
        current = self.board.current
        if current is not None and current.collection_id != self._shown_id:
            self._shown_id = current.collection_id
            self._drift.pop(current.collection_id, None)
            self._show_status()
            self.refresh_bindings()
            self.launch(partial(self._load, current.collection_id), "load")

    @on(CollectionBoard.Chosen, "#collect-board")
    def board_opened(self) -> None:
        """Enter goes into the pane that is shown."""
        self.detail.focus_pane()

    @on(RecordList.Chosen)
    def record_opened(self, event: RecordList.Chosen) -> None:
        """Shows one record whole."""
        from webtune_tui.tui.modals.record import RecordDetail

        listed = event.control
        if isinstance(listed, RecordList) and listed.current is not None:
            self.app.push_screen(RecordDetail(listed.current))

    @on(RejectList.Chosen, "#pane-rejects")
    def reject_opened(self) -> None:
        """Shows one reject whole."""
        from webtune_tui.tui.modals.message import Message

        reject = self.detail.rejects.current
        if reject is not None:
            place = reject.path if reject.line is None else f"{reject.path}, line {reject.line}"
            title = f"Rejected: {place_of(reject)}"
            self.app.push_screen(Message(title, f"{reject.reason}\n\n{place}\n\n{reject.snippet}"))

    @on(ChoiceBar.Chosen, "#collect-tabs")
    def pane_turned(self) -> None:
        """The focus stays on the screen when a pane goes out of sight."""
        if self.focused is not None and not self.focused.display:
            self.detail.focus_pane()

    def _show_board(self, current_id: str | None = None) -> None:
        ordered = self._known.ordered
        wanted = self.query_one("#collect-filter", Input).value.strip().lower()
        fitting = [one for one in ordered if wanted in searched(one)] if wanted else ordered
        self._show_emptiness()
        self.board.styles.height = None if self.has_class("-short") else max(len(fitting), 4) + 3
        self.board.show(fitting, current_id)
        few = f"{len(fitting):,} of {len(ordered):,}" if wanted else figures.count(len(ordered))
        if few != self._shown_count:
            self._shown_count = few
            self.board.border_subtitle = Content(f"{few} {GLYPHS.dot} / filters")
        self.board_moved()
        self._show_status()
        self._learn_durations(fitting)

    def _show_emptiness(self) -> None:
        is_empty = not len(self._known)
        self.query_one("#collect-empty").display = is_empty
        self.query_one("#collect-main").display = not is_empty

    def _show_status(self) -> None:
        collection = self.current
        if collection is None:
            return
        key = collection.collection_id
        detail = self.detail
        title = display_line(collection.label or key, limit=60)
        if title != self._shown_title:  # setting it draws the whole panel
            self._shown_title = title
            detail.query_one("#collect-state").border_title = Content(title)
        drift = self._drift.get(key)
        words = status(
            collection,
            self._known.progress_of(key),
            clock.now(),
            width=detail.state_width,
            typical=self._typical_of(collection),
            drift=drift,
        )
        detail.show_state(words)
        detail.show_tabs(collection, drift)
        if not collection.state.is_final:
            progress, typical = self._known.progress_of(key), self._typical_of(collection)
            detail.say_what_is_empty(collection, waiting_words(collection, progress, clock.now(), typical))

    def _offer(self) -> None:
        """Offers what earlier days left unfinished."""
        waiting = [
            one
            for one in self._known.unfinished
            if one.state is not CollectionState.DRAFT and one.created_at < self._opened_at
        ]
        line = self.query_one("#collect-offer", Static)
        line.display = bool(waiting) and not self.is_read_only
        if waiting:
            what = figures.count(len(waiting), "collection")
            verb = "is" if len(waiting) == 1 else "are"
            since = figures.age(waiting[0].created_at)
            line.update(
                Content.assemble(
                    (f"{GLYPHS.attention} {what} {verb} unfinished since {since}  ", "bold $accent"),
                    (" ^r ", "bold $accent on $panel"),
                    (" resumes; nothing is sent again", "$text-muted"),
                )
            )

    @on(events.Click, "#collect-offer")
    def offer_clicked(self) -> None:
        """A click does what the key does."""
        if not self.refuses_editing():
            self.action_resume_all()

    def _redraw(self) -> None:
        """Draws what has changed, and each second what counts time; nothing while something else is above."""
        now = time.monotonic()
        if not self.is_active or not (self._is_dirty or now - self._drawn_at >= _CLOCK_SECONDS):
            return
        self._is_dirty, self._drawn_at = False, now
        self._show_board()
        collection = self.current
        if collection is None or not (self._known.is_live(collection.collection_id) or self._known.has_live):
            return
        self.detail.records.grow(stored(collection))
        if self._is_log_dirty and time.monotonic() - self._log_read_at >= _LOG_SECONDS:
            self._is_log_dirty = False
            self._log_read_at = time.monotonic()
            self.launch(partial(self._load_log, collection.collection_id), "log")

    # Reading

    async def _load(self, collection_id: str) -> None:
        """Everything below the board for one collection."""
        collection = self._known.get(collection_id)
        if collection is None or collection_id != self._shown_id:
            return
        kinds = (RecordKind.DATA,) if collection.errors or not collection.state.is_final else ()
        read = partial(self._read_records, collection_id, kinds)
        self.detail.open(
            collection, read, partial(self._read_records, collection_id, (RecordKind.ERROR, RecordKind.WARNING))
        )
        await self._load_log(collection_id)
        await self._load_rejects(collection)
        await self._load_drift(collection_id)
        if collection_id == self._shown_id and collection.state.is_final:
            self.detail.say_what_is_empty(collection)
        self._show_status()

    async def _refresh_detail(self, collection: Collection) -> None:
        """What has come to a collection that is followed elsewhere, such as by the demo."""
        self.detail.records.grow(stored(collection))
        await self._load_log(collection.collection_id)

    async def _read_records(
        self, collection_id: str, kinds: Sequence[RecordKind], offset: int, limit: int
    ) -> Sequence[Record]:
        more: dict[str, Any] = {"kinds": kinds} if kinds else {}
        try:
            return await self.services.collect.records_of(collection_id, limit=limit, offset=offset, **more)
        except NotFound:
            return ()

    async def _load_log(self, collection_id: str) -> None:
        lines = await self.services.collect.events_of(collection_id)
        if collection_id == self._shown_id:
            self.detail.show_log(lines)

    async def _load_rejects(self, collection: Collection) -> None:
        from webtune_tui.services.rejects import read_rejects, rejects_path

        if not collection.rejected:
            return
        found = await read_rejects(self.services.workspace, collection.collection_id)
        if collection.collection_id == self._shown_id:
            path = rejects_path(self.services.workspace, collection.collection_id)
            self.detail.show_rejects(found, collection.rejected, str(path))

    async def _load_drift(self, collection_id: str) -> None:
        try:
            self._drift[collection_id] = await self.services.drift.report(collection_id)
        except NotFound:
            return
        if collection_id == self._shown_id:
            self.detail.show_drift(self._drift[collection_id])
            self._show_status()

    # Usual durations

    def _typical_of(self, collection: Collection) -> float | None:
        return self._typical.get(_kind_of(collection))

    def _learn_durations(self, collections: Sequence[Collection]) -> None:
        """Asks once for each kind of collection that is under way or looked at, away from the drawing."""
        current = self.current
        wanted = [one for one in collections if not one.state.is_final] + ([current] if current else [])
        unknown = {_kind_of(one): one for one in wanted if _kind_of(one) not in self._typical}
        if unknown:
            self._typical |= dict.fromkeys(unknown, None)
            self.launch(partial(self._read_durations, unknown), "durations")

    async def _read_durations(self, wanted: dict[str, Collection]) -> None:
        for kind, collection in wanted.items():
            try:
                self._typical[kind] = await self.services.collect.typical_seconds(collection)
            except WebtuneError:
                continue  # a figure that only informs
        self._show_board()


def _kind_of(collection: Collection) -> str:
    request = collection.request
    door = f"{request.get('scraper_id', '')} {request.get('discover_by', '')}"
    return f"{collection.source} {door}"


SCREEN = CollectScreen
