"""The screen Collect: a board of collections, the live state of one, its log and its records."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from webtune_tui.domain import clock
from webtune_tui.domain.errors import NotFound
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
from webtune_tui.domain.jobs import JobEvent
from webtune_tui.domain.records import Collection, CollectionState, Record
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.collect import CollectPlan
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.collections import progress_words, record_line, status
from webtune_tui.tui.presentation.states import collection_look
from webtune_tui.tui.screens.base import StageScreen
from webtune_tui.tui.widgets.collection_board import CollectionBoard
from webtune_tui.tui.widgets.empty_state import EmptyState
from webtune_tui.tui.widgets.event_log import EventLog

_REDRAW_SECONDS = 0.2
_SHOWN_RECORDS = 200
_NEW_IMPORT = "import"
_EMPTY = (
    "No records yet",
    "A model learns from records. Collect them with a scraper, or import files that you have. "
    "Before a collection is sent you see its price at most. The loopback sandbox costs nothing: "
    "webtune sandbox prints its address, and WEBTUNE_BRIGHTDATA_URL takes it.",
    [("n", "new collection"), ("i", "import files"), ("a", "adopt a snapshot by its id")],
)


class CollectScreen(StageScreen):
    """Board, status, records and log. What is followed live goes on when one looks elsewhere."""

    TITLE = "Collect"
    KEY = "2"
    ORDER = 2
    HELP = (
        "A collection is one run of a source that brings records: a scraper of the scraping service, or files of "
        "yours. Before anything is sent you see what it costs at most and exactly what goes over the wire. A "
        "collection goes on at the service when you leave; resuming never starts it a second time. Records are kept "
        "as they came; bad lines and error rows are counted apart."
    )
    CSS_PATH = "collect.tcss"
    EDITING = frozenset({"new", "resume", "cancel", "adopt", "import_files"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New", tooltip="New collection with a scraper"),
        Binding("i", "import_files", "Import", tooltip="Import files or a folder"),
        Binding("r", "resume", "Resume", tooltip="Go on with the collection under the cursor; never starts it anew"),
        Binding("x", "cancel", "Cancel", tooltip="Ask the service to stop; asks first"),
        Binding("a", "adopt", "Adopt", tooltip="Take over a snapshot by its id"),
        Binding("slash", "filter", "Filter", tooltip="Filter the collections by name or state", show=False),
        Binding("R", "rejects", "Rejects", tooltip="What could not be used, with its reasons", show=False),
        Binding("l", "toggle_log", "Log", tooltip="Records or log, where there is room for one"),
    ]

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self._collections: dict[str, Collection] = {}
        self._progress: dict[str, Progressed] = {}
        self._live: set[str] = set()
        self._found_as: dict[str, str] = {}  # what is followed -> the collection it turned out to be
        self._records: list[Record] = []
        self._shown_id: str | None = None
        self._is_dirty = False
        self._ticker: Timer | None = None

    def compose_body(self) -> ComposeResult:
        yield EmptyState(*_EMPTY, id="collect-empty")
        with Horizontal(id="collect-main"):
            with Vertical(id="collect-left"):
                yield Input(placeholder="Filter by name or state", id="collect-filter", compact=True)
                board = CollectionBoard(id="collect-board", classes="panel")
                board.border_title = "Collections"
                yield board
            with Vertical(id="collect-detail"):
                yield Static("", id="collect-status", classes="panel", markup=False)
                records = OptionList(id="collect-records", classes="panel", markup=False)
                records.border_title = "Records"
                yield records
                log = EventLog(id="collect-log", classes="panel")
                log.border_title = "Log"
                yield log

    def on_mount(self) -> None:
        self._ticker = self.set_interval(_REDRAW_SECONDS, self._redraw, pause=True)
        self._show_emptiness()

    @property
    def board(self) -> CollectionBoard:
        """The list of collections."""
        return self.query_one("#collect-board", CollectionBoard)

    def focus_home(self) -> None:
        self.board.focus()

    async def shown(self) -> None:
        """Reads the collections anew; live ones keep what is newer here."""
        for collection in await self.services.collect.collections():
            if collection.collection_id not in self._live:
                self._collections[collection.collection_id] = collection
        self._show_board()
        if self.focused is None:
            self.focus_home()

    async def reveal(self, thing_id: str) -> None:
        """Puts the cursor on a collection, whatever was filtered before."""
        self.query_one("#collect-filter", Input).value = ""
        await self.shown()
        self._show_board(thing_id)
        self.focus_home()

    # Actions

    @work(group="new", exit_on_error=False)
    async def action_new(self) -> None:
        """Opens the form and starts what was confirmed."""
        from webtune_tui.tui.modals.new_collection import NewCollection  # dialogues load when first needed

        form = NewCollection(self.services.collect, self.services.settings)
        plan = await self.webtune.push_screen_wait(form)
        if plan is not None:
            self._begin(plan)

    @work(group="import-ask", exit_on_error=False)
    async def action_import_files(self) -> None:
        """Asks for files and imports them."""
        from webtune_tui.tui.modals.import_files import ImportFiles

        chosen = await self.webtune.push_screen_wait(ImportFiles(Path.cwd()))
        if chosen is not None:
            self._import(chosen.paths)

    async def action_resume(self) -> None:
        """Goes on with the collection under the cursor."""
        collection = self.board.current
        if collection is None or collection.state.is_final:
            self.notify("There is nothing to resume here.")
        elif collection.collection_id in self._live:
            self.notify("It is being followed already.")
        else:
            self._follow_live(
                collection.collection_id,
                self.services.collect.resume(collection.collection_id),
                collection.label or collection.collection_id,
            )

    @work(group="cancel", exit_on_error=False)
    async def action_cancel(self) -> None:
        """Asks the person, then the service, to stop."""
        collection = self.board.current
        if collection is None or collection.state.is_final:
            self.notify("There is nothing to cancel here.")
            return
        question = (
            f"{collection.label or collection.collection_id}\nThe service is asked to stop. "
            "What it has collected by then may still be charged."
        )
        if await self.confirm("Cancel the collection?", question, yes="Cancel it", no="Let it go on", danger=True):
            answered = await self.services.collect.cancel(collection.collection_id)
            self._put(answered)
            self.notify(f"The collection is {collection_look(answered.state).word}.")
            await self._load_log(answered.collection_id)

    @work(group="adopt", exit_on_error=False)
    async def action_adopt(self) -> None:
        """Takes over a snapshot of the account."""
        from webtune_tui.tui.modals.ask_text import AskText

        why = "A snapshot that the service already holds becomes a collection here. Nothing is collected anew."
        snapshot = await self.webtune.push_screen_wait(
            AskText("Adopt a snapshot", why, placeholder="Snapshot id", go="Adopt")
        )
        if snapshot:
            self._follow_live(f"snapshot {snapshot}", self.services.collect.adopt(snapshot), f"Snapshot {snapshot}")

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

    @work(group="rejects", exclusive=True, exit_on_error=False)
    async def action_rejects(self) -> None:
        """Lists what of this collection could not be used."""
        from webtune_tui.services.rejects import read_rejects, rejects_path
        from webtune_tui.tui.modals.rejects import Rejects

        collection = self.board.current
        if collection is None or not collection.rejected:
            self.notify("Nothing was rejected here.")
            return
        found = await read_rejects(self.services.workspace, collection.collection_id)
        path = rejects_path(self.services.workspace, collection.collection_id)
        await self.webtune.push_screen(Rejects(found, collection.rejected, path))

    def action_toggle_log(self) -> None:
        """Shows the log in the place of the records, or back."""
        self.toggle_class("-log")

    # Work that is followed

    def _begin(self, plan: CollectPlan) -> None:
        self._follow_live(plan.collection_id, self.services.collect.start(plan), plan.label)

    def _follow_live(self, key: str, events: object, label: str) -> None:
        self._live.add(key)
        self.webtune.is_notice_hidden = True
        if self._ticker is not None:
            self._ticker.resume()
        self.follow(
            events,  # type: ignore[arg-type]  # one of the service's event streams, kept opaque until here
            partial(self._collect_event, key),
            group=f"collect {key}",
            label=f"Collecting {display_line(label, limit=80)}",
            ended=partial(self._collect_ended, key),
        )

    def _collect_event(self, key: str, event: CollectEvent) -> None:
        match event:
            case CollectionChanged(collection):
                before = self._collections.get(collection.collection_id)
                self._collections[collection.collection_id] = collection
                self._found_as[key] = collection.collection_id
                self._live.add(collection.collection_id)
                if before is None:
                    self._show_board(collection.collection_id)
                    self.focus_home()
                if before is None or before.state is not collection.state:
                    self.refresh_overview()
                self._load_log_soon(collection.collection_id)
            case Progressed():
                self._progress[self._found_as.get(key, key)] = event
            case RecordsArrived(collection_id, sample):
                self._add_records(collection_id, sample)
            case Noted(message, level):
                self._log_line(level, message)
        self._is_dirty = True

    async def _collect_ended(self, key: str) -> None:
        followed = self._found_as.pop(key, key)
        self._live -= {key, followed}
        self.query_one("#collect-empty", EmptyState).show(*_EMPTY)
        self._progress.pop(followed, None)
        for collection in await self.services.collect.collections():
            if collection.collection_id not in self._live:
                self._collections[collection.collection_id] = collection
            if collection.collection_id == followed and collection.state is CollectionState.READY:
                self.notify(f"{collection.label}: {figures.count(collection.records, 'record')} are here.")
        self._show_board()
        self.refresh_overview()
        if self._shown_id is not None:
            await self._load(self._shown_id)
        if not self._live and self._ticker is not None:
            self._ticker.pause()

    def _import(self, paths: tuple[Path, ...]) -> None:
        if self._ticker is not None:
            self._ticker.resume()
        self._live.add(_NEW_IMPORT)
        self.query_one("#collect-log", EventLog).clear()
        self.follow(
            self.services.imports.run(paths),
            self._import_event,
            group=_NEW_IMPORT,
            label=f"Importing {display_line(paths[0].name, limit=80)}",
            survives=False,
            ended=partial(self._collect_ended, _NEW_IMPORT),
        )

    def _import_event(self, event: ImportEvent) -> None:
        match event:
            case Progressed():
                self.query_one("#collect-empty", EmptyState).show("Importing", progress_words(event))
                self._progress[_NEW_IMPORT] = event
            case Noted(message, level):
                self._log_line(level, message)
            case FileImported(path, format, _, records, rejected, reason):
                words = f"{path}: {figures.count(records, 'record')}, {rejected:,} rejected"
                self._log_line("info" if format else "warn", f"{words}. {reason}" if reason else words)
            case Imported(collection, files):
                self._collections[collection.collection_id] = collection
                self._show_board(collection.collection_id)
                rejected = sum(file.rejected for file in files)
                rest = f", {rejected:,} rejected (R lists them)" if rejected else ""
                self.notify(f"Imported {figures.count(collection.records, 'record')}{rest}")
        self._is_dirty = True

    # Drawing

    @on(OptionList.OptionHighlighted, "#collect-board")
    def board_moved(self) -> None:
        """Shows the collection under the cursor."""
        current = self.board.current
        if current is not None and current.collection_id != self._shown_id:
            self._shown_id = current.collection_id
            self._show_status()
            self.launch(partial(self._load, current.collection_id), "load")

    @on(OptionList.OptionSelected, "#collect-board")
    def board_opened(self) -> None:
        """Enter goes into the records."""
        self.query_one("#collect-records").focus()

    @on(OptionList.OptionSelected, "#collect-records")
    def record_opened(self, event: OptionList.OptionSelected) -> None:
        """Shows one record whole."""
        from webtune_tui.tui.modals.record import RecordDetail

        if event.option_index < len(self._records):
            self.app.push_screen(RecordDetail(self._records[event.option_index]))

    def action_back(self) -> None:
        field = self.query_one("#collect-filter", Input)
        if field.display:
            field.value = ""
            field.display = False
        self.focus_home()

    def _put(self, collection: Collection) -> None:
        self._collections[collection.collection_id] = collection
        self._show_board()
        self.refresh_overview()

    def _show_board(self, current_id: str | None = None) -> None:
        ordered = sorted(self._collections.values(), key=lambda shown: shown.created_at, reverse=True)
        wanted = self.query_one("#collect-filter", Input).value.strip().lower()
        fitting = [shown for shown in ordered if wanted in _searched(shown)]
        self._show_emptiness()
        self.board.show(fitting, current_id)
        few = f"{len(fitting):,} of {len(ordered):,}" if wanted else figures.count(len(ordered))
        importing = self._progress.get(_NEW_IMPORT)
        self.board.border_subtitle = Content(progress_words(importing) if importing else few if ordered else "")
        self.board_moved()
        self._show_status()

    def _show_emptiness(self) -> None:
        is_empty = not self._collections
        self.query_one("#collect-empty").display = is_empty
        self.query_one("#collect-main").display = not is_empty

    def _show_status(self) -> None:
        panel = self.query_one("#collect-status", Static)
        collection = self._collections.get(self._shown_id or "")
        if collection is None:
            return
        panel.border_title = Content(display_line(collection.label or collection.collection_id, limit=60))
        progress = self._progress.get(collection.collection_id)
        panel.update(status(collection, progress, clock.now()))

    def _redraw(self) -> None:
        if self.is_current or self._is_dirty:
            self._is_dirty = False
            self._show_board()

    async def _load(self, collection_id: str) -> None:
        try:
            records = await self.services.collect.records_of(collection_id, limit=_SHOWN_RECORDS)
        except NotFound:
            return
        if collection_id != self._shown_id:
            return
        self._records = list(records)
        options = self.query_one("#collect-records", OptionList)
        options.clear_options()
        options.add_options([Option(record_line(record)) for record in self._records] or [self._nothing_yet()])
        self._count_records()
        await self._load_log(collection_id)

    def _add_records(self, collection_id: str, sample: tuple[Record, ...]) -> None:
        if collection_id != self._shown_id or len(self._records) >= _SHOWN_RECORDS:
            return
        options = self.query_one("#collect-records", OptionList)
        if not self._records:
            options.clear_options()
        self._records.extend(sample)
        options.add_options([Option(record_line(record)) for record in sample])
        self._count_records()

    def _count_records(self) -> None:
        collection = self._collections.get(self._shown_id or "")
        total = collection.new + collection.changed + collection.errors if collection else 0
        shown = len(self._records)
        words = f"first {shown:,} of {total:,}" if total > shown else figures.count(shown)
        self.query_one("#collect-records", OptionList).border_subtitle = words if shown else ""

    def _nothing_yet(self) -> Option:
        collection = self._collections.get(self._shown_id or "")
        words = "Records are shown here as they arrive."
        if collection is not None and collection.state.is_final:
            words = "Every record of this collection was here already." if collection.duplicates else "No records."
        return Option(Content.styled(words, "$text-muted"), disabled=True)

    def _load_log_soon(self, collection_id: str) -> None:
        self.launch(partial(self._load_log, collection_id), "log")

    async def _load_log(self, collection_id: str) -> None:
        lines = await self.services.collect.events_of(collection_id)
        if collection_id != self._shown_id:
            return
        log = self.query_one("#collect-log", EventLog)
        log.clear()
        log.add([JobEvent("", time, level, message) for time, level, message in lines])

    def _log_line(self, level: str, message: str) -> None:
        self.query_one("#collect-log", EventLog).add([JobEvent("", clock.now(), level, message)])


def _searched(collection: Collection) -> str:
    parts = (collection.label, collection.state, collection.collection_id, collection.snapshot_id or "")
    return " ".join(parts).lower()


SCREEN = CollectScreen
