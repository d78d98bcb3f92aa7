"""The screen Dataset: look at examples, edit and drop them, prepare them anew, export them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import ContentSwitcher, Input, Static
from textual.worker import Worker

from webtune_tui.domain.datasets import DatasetVersion, PrepareReport, RecordOrigin
from webtune_tui.domain.errors import NotFound, WebtuneError
from webtune_tui.domain.events import Prepared, PrepareEvent, Progressed
from webtune_tui.domain.examples import Example, Split
from webtune_tui.domain.origins import DeletedRecord
from webtune_tui.domain.records import RecordKind
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.curate import EditResult, ExamplePage
from webtune_tui.storage.drafts import EditDraft, EditDrafts
from webtune_tui.tui import error_display
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.dataset_summary import (
    export_words,
    leak_words,
    listing_words,
    undone_words,
    version_line,
)
from webtune_tui.tui.screens.base import StageScreen
from webtune_tui.tui.widgets.dropped_records import DroppedRecords
from webtune_tui.tui.widgets.empty_state import EmptyState
from webtune_tui.tui.widgets.example_detail import ExampleDetail
from webtune_tui.tui.widgets.example_editor import ExampleEditor
from webtune_tui.tui.widgets.example_table import ExampleTable, PageSource
from webtune_tui.tui.widgets.prepare_panel import PreparePanel
from webtune_tui.tui.widgets.row_view import RowView

_FILTER_SECONDS = 0.15
_DETAIL_SECONDS = 0.03
_DRAW_SECONDS = 0.1
_SPLITS = ("", *(split.value for split in Split))
_EXAMPLE_ACTIONS = frozenset({"edit", "drop", "undo", "redo", "filter", "next_split", "export", "origin"})
_TABLE_ACTIONS = _EXAMPLE_ACTIONS | {"prepare", "dropped"}
_HINTS = {
    "examples": "enter reads · o origin · space marks · s split · D dropped records · ? all keys",
    "editing": "typing is kept as a draft · tab goes to the next message",
    "prepare": "space turns a step on or off · enter opens its options · D dropped records",
    "dropped": "the reasons of the newest run · enter goes to their records, and into one of them",
}
_PREVIEW_RECORDS = 20
_DROPPED_SHOWN = 500
_FIELDS_SHOWN = 60


class DatasetScreen(StageScreen):
    """Examples, one by one and all together."""

    TITLE = "Dataset"
    KEY = "3"
    ORDER = 3
    CSS_PATH = "dataset.tcss"
    HELP = (
        "Here records become chat examples. Look at them, filter them, edit or drop what is wrong: every change is a "
        "step of the recipe, so it can be undone and replayed. The recipe (p) shows live what it would make of real "
        "records: space turns a step on or off, enter goes to its options, r runs it. Examples are split so that "
        "near-duplicates never lie in training and test at once.\n\n"
        "In the table: enter reads an example, space marks it, shift with an arrow key marks many, g and G go to the "
        "first and the last one, a click on the left margin marks. o goes from an example to the record that it was "
        "made of, its raw bytes and its page."
    )
    EDITING = frozenset({"edit", "drop", "undo", "redo", "export", "resume_draft"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "Edit", tooltip="Edit the example in place"),
        Binding("d", "drop", "Drop", tooltip="Drop the marked examples, or this one"),
        Binding("z", "undo", "Undo", tooltip="Take the last edit back"),
        Binding("Z", "redo", "Redo", show=False, tooltip="Apply the undone edit again"),
        Binding("slash", "filter", "Filter", key_display="/", tooltip="Filter by text, live"),
        Binding("s", "next_split", "Split", show=False, tooltip="Show one split: train, validation, test, all"),
        Binding("o", "origin", "Origin", show=False, tooltip="The record behind the example: fields, bytes, page"),
        Binding("p", "prepare", "Prepare", tooltip="The recipe: change it, preview it, run it"),
        Binding("D", "dropped", "Dropped", show=False, tooltip="The dropped records and their reasons"),
        Binding("E", "resume_draft", "Draft", show=False, tooltip="Go on with an edit that was not saved"),
        Binding("x", "export", "Export", tooltip="Write the examples as files"),
    ]

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)
        self._version: DatasetVersion | None = None
        self._report: PrepareReport | None = None
        self._text = ""
        self._split = ""
        self._total = 0
        self._filter_pause: Timer | None = None
        self._edit_lock = asyncio.Lock()
        self._gone: frozenset[str] = frozenset()
        self._run: Worker[None] | None = None
        self._run_words = ""
        self._drawn_at = 0.0

    # The frame

    def compose_body(self) -> ComposeResult:
        yield Static("", id="version-line", markup=False)
        with ContentSwitcher(id="dataset-views", initial="empty"):
            with Container(id="examples"):
                with Vertical(id="table-panel", classes="panel"):
                    with Horizontal(id="filter-row"):
                        yield Static("/", id="filter-sign", markup=False)
                        yield Input(id="filter", placeholder="words in the prompt or the answer", compact=True)
                    yield ExampleTable(id="table")
                with Vertical(id="side", classes="panel"):
                    yield ExampleDetail(id="detail")
                    yield ExampleEditor(id="editor")
            yield PreparePanel(id="prepare", classes="panel")
            yield DroppedRecords(id="dropped", classes="panel")
            yield EmptyState("Dataset", "Opening the workspace …", id="empty")
        yield Static("", id="dataset-status", markup=False)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#table-panel").border_title = "Examples"
        self.query_one("#side").border_title = "Example"
        self.query_one("#prepare").border_title = "Recipe"
        self.query_one("#dropped").border_title = "Dropped records"

    def on_resize(self) -> None:
        super().on_resize()
        self._show_version()
        if self._has_side:
            self._load_detail()

    async def services_ready(self) -> None:
        if self.is_read_only:
            self.query_one(PreparePanel).refusal = self.webtune.place.read_only_reason

    async def shown(self) -> None:
        await self._load()
        await self._tell_draft()

    async def _tell_draft(self) -> None:
        """Offers an edit that was typed and not saved."""
        if self._version is None or self.is_read_only or self.has_class("-editing"):
            return
        draft = await asyncio.to_thread(self._drafts.newest)
        if draft is not None:
            self._say(f"An edit of {figures.local_date(draft.saved_at)} was not saved: E goes on with it", "-care")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers the keys that mean something in the present view."""
        if action in _EXAMPLE_ACTIONS and self._are_views_there and self._view != "examples":
            return False
        if action in _TABLE_ACTIONS and self.has_class("-editing"):
            return False
        return super().check_action(action, parameters)

    def focus_home(self) -> None:
        match self._view:
            case "prepare":
                self.query_one(PreparePanel).focus_parts()
            case "dropped":
                self.query_one(DroppedRecords).focus_reasons()
            case "examples":
                (self._editor if self.has_class("-editing") else self._table).focus()
            case _:
                self.set_focus(None)

    # Loading

    async def _load(self) -> None:
        """Shows the working version, or what is missing to have one."""
        before = self._version
        self._report = await self.services.curate.report()
        self._version = await self._working_version()
        self._show_version()
        if self._version is None:
            await self._show_nothing()
            return
        if self._view == "empty":
            self._show_view("examples")
        if before is None or before.content_hash != self._version.content_hash:
            self._list(keep_place=before is not None)

    async def _working_version(self) -> DatasetVersion | None:
        try:
            return await self.services.curate.version()
        except NotFound:
            return None

    async def _show_nothing(self) -> None:
        records = sum(collection.records for collection in await self.services.collect.collections())
        empty = self.query_one("#empty", EmptyState)
        if records:
            empty.show(
                "Records are here, examples are not yet",
                f"{figures.count(records, 'record')} wait to be cleaned, de-duplicated, turned into chat examples and "
                "split for training and testing without leaks.",
                [("p", "open the recipe, see what it would make, and run it")],
            )
        else:
            empty.show(
                "No records yet",
                "A dataset is made from records. Collect some from the web, or import files that you have.",
                [("2", "go to Collect")],
            )
        if self._view == "examples":
            self._show_view("empty")

    def _list(self, *, keep_place: bool) -> None:
        self._table.show(self._source(), needle=self._text, keep_place=keep_place)

    def _source(self) -> PageSource:
        text, split, curate = self._text, self._split, self.services.curate

        async def page(offset: int, limit: int) -> ExamplePage:
            return await curate.page(text=text, split=split, offset=offset, limit=limit)

        return page

    @on(ExampleTable.Loaded)
    def _loaded(self, event: ExampleTable.Loaded) -> None:
        self._total = event.total
        self._gone = frozenset()
        self._show_listing()
        if not event.total:
            self.query_one(ExampleDetail).clear_example()

    @on(ExampleTable.Failed)
    def _failed(self, event: ExampleTable.Failed) -> None:
        error_display.show(self.webtune, event.error)

    @on(ExampleTable.Marked)
    def _marked(self) -> None:
        self._show_listing()

    # The example beside the table

    @on(RowView.Moved, "#table")
    def _row_moved(self) -> None:
        if self._has_side or self.has_class("-side-open"):
            self._load_detail()

    @on(RowView.Chosen, "#table")
    def _row_chosen(self) -> None:
        self.add_class("-side-open")
        self._load_detail()
        self.query_one(ExampleDetail).focus()

    @work(group="detail", exclusive=True, exit_on_error=False)
    async def _load_detail(self) -> None:
        await asyncio.sleep(_DETAIL_SECONDS)  # a held arrow key passes many rows
        row, number = self._table.current, self._table.cursor + 1
        if row is None or not self.are_services_open:
            return
        try:
            example = await self.services.curate.example(row.example_id)
        except NotFound:
            return  # dropped in the meantime; the table is about to say so
        origins = await self.services.curate.lineage(row.example_id)
        deleted = await self._deleted_records(example, origins)
        detail = self.query_one(ExampleDetail)
        detail.show_example(example, origins, number=number, needle=self._text, deleted=deleted)

    async def _deleted_records(self, example: Example, origins: Sequence[RecordOrigin]) -> list[DeletedRecord]:
        """What is remembered of the example's records that are no longer here."""
        here = {one.record_id for one in origins}
        missing = [one for one in example.record_ids if one not in here]
        found = await self.services.origins.of_records(missing) if missing else ()
        return [one for one in found if isinstance(one, DeletedRecord)]

    # Where it comes from

    @work(group="origin", exclusive=True, exit_on_error=False)
    async def action_origin(self) -> None:
        """Shows the record behind the example, or the list where there are several."""
        from webtune_tui.tui.modals.lineage import Lineage  # dialogues load when they are first needed
        from webtune_tui.tui.modals.record import RecordDetail

        row = self._table.current
        if row is None or self._view != "examples":
            return
        example = await self.services.curate.example(row.example_id)
        origins = await self.services.origins.of_records(example.record_ids)
        if len(origins) == 1 and not isinstance(origins[0], DeletedRecord):
            await self.app.push_screen(RecordDetail(origins[0].record))
        else:
            await self.app.push_screen(Lineage(example.example_id, origins))

    async def reveal(self, thing_id: str) -> None:
        """Puts the cursor on an example of the working version, whatever was filtered before."""
        if self.has_class("-editing"):
            self._say("First save or leave the edit", "-care")
            return
        await self._load()
        place = await self.services.origins.place_of_example(thing_id)
        if place is None:
            self._say(f"{display_line(thing_id, limit=40)} is not in the working version", "-care")
            return
        self._text, self._split = "", ""
        self.query_one("#filter", Input).value = ""
        self.remove_class("-filtering")
        self._show_view("examples")
        await self._table.reload(self._source())
        self._table.cursor = place
        self.add_class("-side-open")
        self._load_detail()
        self.query_one(ExampleDetail).focus()

    # Filter

    def action_filter(self) -> None:
        """Opens the filter."""
        if self._version is None or self.has_class("-editing"):
            return
        self._show_view("examples")
        self.remove_class("-side-open")
        self.add_class("-filtering")
        self.query_one("#filter", Input).focus()

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        if self._filter_pause is not None:
            self._filter_pause.stop()
        self._filter_pause = self.set_timer(_FILTER_SECONDS, self._use_filter)

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self._use_filter()
        self._table.focus()

    def _use_filter(self) -> None:
        text = self.query_one("#filter", Input).value
        self.set_class(bool(text) or self.query_one("#filter").has_focus, "-filtering")
        if text != self._text:
            self._text = text
            looking = f"looking for “{display_line(text, limit=24)}” …" if text else "…"
            self.query_one("#table-panel").border_subtitle = Content(looking)
            self._list(keep_place=False)

    def action_next_split(self) -> None:
        """Lists the next split alone, after the last one all."""
        if self._version is not None and self._view == "examples":
            self._split = _SPLITS[(_SPLITS.index(self._split) + 1) % len(_SPLITS)]
            self._list(keep_place=False)

    # Editing

    def action_edit(self) -> None:
        """Edits the example under the cursor."""
        row = self._table.current
        if row is not None and self._view == "examples" and not self.refuses_editing():
            self._open_editor(row.example_id)

    def action_resume_draft(self) -> None:
        """Goes on with the edit that was typed last and not saved."""
        if not self.refuses_editing():
            self._open_newest_draft()

    @work(group="editor", exit_on_error=False)
    async def _open_newest_draft(self) -> None:
        draft = await asyncio.to_thread(self._drafts.newest)
        if draft is None:
            self._say("Nothing is left unsaved")
            return
        try:
            await self._edit_example(draft.example_id)
        except NotFound:
            await asyncio.to_thread(self._drafts.forget, draft.example_id)
            self._say("The example of the unsaved edit is no longer in the dataset", "-care")

    @work(group="editor", exit_on_error=False)
    async def _open_editor(self, example_id: str) -> None:
        await self._edit_example(example_id)

    async def _edit_example(self, example_id: str) -> None:
        example = await self.services.curate.example(example_id)
        draft = await asyncio.to_thread(self._drafts.of, example_id)
        self._show_view("examples")
        self.add_class("-editing", "-side-open")
        self.refresh_bindings()
        self.query_one("#side").border_title = Content("Edit example")
        self._say(_HINTS["editing"])
        await self._editor.open(example, draft)

    @on(ExampleEditor.Typed)
    async def _keep_draft(self, event: ExampleEditor.Typed) -> None:
        self._write_draft(event.example_id, event.draft)

    @work(group="draft", exit_on_error=False)
    async def _write_draft(self, example_id: str, draft: EditDraft | None) -> None:
        async with self._edit_lock:
            example = self._editor.example
            if example is None or example.example_id != example_id:
                return  # saved or discarded while the draft waited
            if draft is None:
                await asyncio.to_thread(self._drafts.forget, example_id)
            else:
                await asyncio.to_thread(self._drafts.keep, draft)

    @on(ExampleEditor.Saved)
    def _save_edit(self, event: ExampleEditor.Saved) -> None:
        self._write_edit(event.example_id, event.changes)

    @work(group="edit", exit_on_error=False)
    async def _write_edit(self, example_id: str, changes: Mapping[str, str]) -> None:
        async with self._edit_lock:
            if not changes:
                await self._close_editor(example_id)
                self._say("Nothing was changed")
                return
            result = await self.services.curate.edit(example_id, changes)
            await self._close_editor(example_id)
            await self._take(result, f"Saved: {figures.count(len(changes), 'message')} changed  ·  z undoes it")

    @on(ExampleEditor.Left)
    def _leave_edit(self, event: ExampleEditor.Left) -> None:
        self._leave_editor(event.example_id, event.is_changed)

    @work(group="editor", exit_on_error=False)
    async def _leave_editor(self, example_id: str, is_changed: bool) -> None:
        if is_changed and not await self.confirm(
            "Discard the changes?",
            "What you typed is not saved yet. Ctrl+s saves it as a step of the recipe.",
            yes="Discard",
            no="Go on editing",
            danger=True,
        ):
            return
        async with self._edit_lock:
            await self._close_editor(example_id)
        self._say("Discarded what was typed" if is_changed else _HINTS["examples"])

    async def _close_editor(self, example_id: str) -> None:
        await asyncio.to_thread(self._drafts.forget, example_id)
        await self._editor.close()
        self.remove_class("-editing")
        self.refresh_bindings()
        self.query_one("#side").border_title = Content("Example")
        (self.query_one(ExampleDetail) if self._is_side_alone else self._table).focus()

    def action_drop(self) -> None:
        """Drops the marked examples, or the one under the cursor."""
        if self._view == "examples" and not self.has_class("-editing") and not self.refuses_editing():
            self._drop(self._table.chosen)

    @work(group="edit", exit_on_error=False)
    async def _drop(self, chosen: tuple[str, ...]) -> None:
        async with self._edit_lock:
            ids = tuple(one for one in chosen if one not in self._gone) or self._table.chosen
            if not ids:
                return
            result = await self.services.curate.drop(ids)
            self._gone |= frozenset(ids)
            self._table.clear_marks()
            await self._take(result, f"Dropped {figures.count(len(ids), 'example')}  ·  z undoes it")

    def action_undo(self) -> None:
        """Takes the last edit back."""
        if not self.has_class("-editing") and not self.refuses_editing():
            self._step_back_or_on(again=False)

    def action_redo(self) -> None:
        """Applies the last undone edit again."""
        if not self.has_class("-editing") and not self.refuses_editing():
            self._step_back_or_on(again=True)

    @work(group="edit", exit_on_error=False)
    async def _step_back_or_on(self, *, again: bool) -> None:
        async with self._edit_lock:
            before = self._version
            curate = self.services.curate
            result = await (curate.redo() if again else curate.undo())
            words = undone_words(before, result, again=again)
            await self._take(result, words if again else f"{words}  ·  Z redoes it")
            if result.changed and (place := self._table.find(result.changed[0])) is not None:
                self._table.cursor = place

    async def _take(self, result: EditResult, words: str) -> None:
        """Shows the working version after an edit."""
        self._version = result.version
        self._report = await self.services.curate.report()
        self._show_version()
        self._say(words, "-good")
        await self._table.reload(self._source(), needle=self._text)
        self._load_detail()
        self.refresh_overview()

    # Preparing

    def action_prepare(self) -> None:
        """Opens the recipe."""
        if self.are_services_open and not self.has_class("-editing"):
            self._show_view("prepare")
            self._load_recipe()

    @work(group="recipe", exclusive=True, exit_on_error=False)
    async def _load_recipe(self) -> None:
        prepare, panel = self.services.prepare, self.query_one(PreparePanel)
        recipe, steps = await prepare.recipe(), await prepare.steps()
        panel.show_recipe(recipe, steps, self._report, record_fields=await self._record_fields())
        panel.focus_parts()
        self._preview(panel.pending)

    async def _record_fields(self) -> list[str]:
        """The field names of a record, for the template."""
        collect = self.services.collect
        for collection in await collect.collections():
            for record in await collect.records_of(collection.collection_id, limit=20):
                if record.kind is RecordKind.DATA:
                    return list(record.fields)[:_FIELDS_SHOWN]
        return []

    @on(PreparePanel.PreviewWanted)
    def _preview_wanted(self, event: PreparePanel.PreviewWanted) -> None:
        if type(event) is PreparePanel.PreviewWanted:
            self._preview(event.assignments)

    @work(group="preview", exclusive=True, exit_on_error=False)
    async def _preview(self, assignments: Mapping[str, str]) -> None:
        panel = self.query_one(PreparePanel)
        try:
            rows = await self.services.prepare.preview(assignments, limit=_PREVIEW_RECORDS)
        except WebtuneError as error:  # a half-typed value; the words stand where the preview would
            panel.show_preview_failure(error_display.words(error))
            return
        panel.show_preview(rows)

    @on(PreparePanel.SaveWanted)
    def _save_wanted(self, event: PreparePanel.SaveWanted) -> None:
        self._save_recipe(event.assignments)

    @work(group="recipe", exit_on_error=False)
    async def _save_recipe(self, assignments: Mapping[str, str]) -> None:
        await self._write_recipe(assignments)
        self._say("The recipe is saved; run it to make a new version", "-good")

    @on(PreparePanel.RunWanted)
    def _run_wanted(self, event: PreparePanel.RunWanted) -> None:
        if self._run is None or self._run.is_finished:
            self._run_recipe(event.assignments)

    @work(group="recipe", exit_on_error=False)
    async def _run_recipe(self, assignments: Mapping[str, str]) -> None:
        await self._write_recipe(assignments)
        panel = self.query_one(PreparePanel)
        panel.run_started()
        self._run_words = ""
        self._run = self.follow(
            self.services.prepare.run(),
            self._show_prepare_event,
            group="prepare",
            label="Preparing the dataset",
            survives=False,
            ended=self._run_ended,
        )

    async def _write_recipe(self, assignments: Mapping[str, str]) -> None:
        if not assignments:
            return
        prepare, panel = self.services.prepare, self.query_one(PreparePanel)
        await prepare.set_option(assignments)
        panel.saved()
        panel.show_recipe(await prepare.recipe(), await prepare.steps(), self._report)

    async def _show_prepare_event(self, event: PrepareEvent) -> None:
        if isinstance(event, Progressed):
            now = time.monotonic()
            if now - self._drawn_at < _DRAW_SECONDS:
                return
            self._drawn_at = now
        if isinstance(event, Prepared):
            await self._load()
            self.refresh_overview()
            self._run_words = f"Prepared {figures.count(event.report.examples, 'example')}"
            if not self.is_current:
                self.app.notify(self._run_words)
        self.query_one(PreparePanel).show_event(event)

    def _run_ended(self) -> None:
        self.query_one(PreparePanel).run_ended()
        if self._run_words:
            self._say(f"{self._run_words}  ·  esc shows them", "-good")

    @on(PreparePanel.CancelWanted)
    def _cancel_wanted(self) -> None:
        if self._run is not None and not self._run.is_finished:
            self._run.cancel()
            self._say("Stopped; the version before stays as it was", "-care")

    # Dropped records

    def action_dropped(self) -> None:
        """Shows which records made no example, and why."""
        if self.has_class("-editing"):
            return
        if self._report is None:
            self._say("Nothing was prepared yet, so nothing was dropped")
            return
        self._show_view("dropped")
        dropped = self.query_one(DroppedRecords)
        dropped.show_reasons(self._report.dropped)
        dropped.focus_reasons()

    @on(DroppedRecords.ReasonWanted)
    def _reason_wanted(self, event: DroppedRecords.ReasonWanted) -> None:
        self._load_dropped(event.reason)

    @work(group="dropped", exclusive=True, exit_on_error=False)
    async def _load_dropped(self, reason: str) -> None:
        records = await self.services.prepare.dropped(reason, limit=_DROPPED_SHOWN)
        self.query_one(DroppedRecords).show_records(reason, records)

    @on(DroppedRecords.RecordWanted)
    def _dropped_record_wanted(self, event: DroppedRecords.RecordWanted) -> None:
        self._open_record(event.record.record_id)

    @work(group="origin", exclusive=True, exit_on_error=False)
    async def _open_record(self, record_id: int) -> None:
        from webtune_tui.tui.modals.record import RecordDetail

        source = await self.services.origins.of_record(record_id, limit=0)
        await self.app.push_screen(RecordDetail(source.record))

    # Export

    def action_export(self) -> None:
        """Writes one file per split and says where."""
        if self._version is None:
            self._say("There is nothing to export yet")
        elif not self.refuses_editing():
            self._export()

    @work(group="export", exclusive=True, exit_on_error=False)
    async def _export(self) -> None:
        from webtune_tui.tui.modals.message import Message

        self._say("Exporting …")
        done = await self.services.export.export()
        paths = [(split, str(path), done.examples.get(split, 0)) for split, path in done.paths.items()]
        self._say(f"Exported {figures.count(sum(done.examples.values()), 'example')}", "-good")
        await self.app.push_screen(Message(f"Exported in the {done.format} format", export_words(paths)))

    # Going back

    def action_back(self) -> None:
        """Closes what is open, the innermost first."""
        if self.has_class("-editing"):
            self._editor.action_leave()
        elif self._view in ("prepare", "dropped"):
            self._leave_view()
        elif self.query_one("#filter").has_focus or self._text:
            self._clear_filter()
        elif self.has_class("-side-open") or self.query_one(ExampleDetail).has_focus:
            self.remove_class("-side-open")
            self._table.focus()
        elif self._table.marks:
            self._table.clear_marks()
        elif self._split:
            self._split = ""
            self._list(keep_place=False)
        else:
            super().action_back()

    def _leave_view(self) -> None:
        panel = self.query_one(PreparePanel)
        if self._view == "prepare" and not panel.is_list_focused:
            panel.focus_parts()
            return
        self._show_view("examples" if self._version else "empty")

    def _clear_filter(self) -> None:
        if self.has_class("-side-open") and self._is_side_alone:
            self.remove_class("-side-open")
            self._table.focus()
            return
        self.query_one("#filter", Input).value = ""
        self._table.focus()
        self._use_filter()
        self.remove_class("-filtering")

    # What is on screen

    @property
    def _are_views_there(self) -> bool:
        return bool(self.query("#dataset-views"))

    @property
    def _view(self) -> str:
        return self.query_one("#dataset-views", ContentSwitcher).current or ""

    def _show_view(self, view: str) -> None:
        self.query_one("#dataset-views", ContentSwitcher).current = view
        self.focus_home()
        self.refresh_bindings()
        self._say(_HINTS.get(view, ""))

    @property
    def _has_side(self) -> bool:
        """Whether the example is in sight beside or below the table."""
        return not (self.has_class("-narrow") and self.has_class("-short"))

    @property
    def _is_side_alone(self) -> bool:
        return not self._has_side and self.has_class("-side-open")

    @property
    def _table(self) -> ExampleTable:
        return self.query_one(ExampleTable)

    @property
    def _editor(self) -> ExampleEditor:
        return self.query_one(ExampleEditor)

    @property
    def _drafts(self) -> EditDrafts:
        return EditDrafts(self.services.workspace.root)

    def _show_version(self) -> None:
        line = self.query_one("#version-line", Static)
        if self._version is None:
            line.update("")
            return
        line.update(version_line(self._version, self._report, self.size.width - 4))
        line.tooltip = Content(leak_words(self._report)) if self._report else None

    def _show_listing(self) -> None:
        panel, table = self.query_one("#table-panel"), self._table
        every = self._version.examples if self._version else self._total
        panel.border_subtitle = listing_words(self._total, every, self._text, self._split, len(table.marks))

    def _say(self, words: str, css_class: str = "") -> None:
        status = self.query_one("#dataset-status", Static)
        status.set_classes(css_class)
        status.update(Content(display_line(words, limit=300)))


SCREEN = DatasetScreen
