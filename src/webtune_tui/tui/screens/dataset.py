"""The screen Dataset: look at examples, edit and drop them, prepare them anew, export them."""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.widgets import ContentSwitcher, Input, Static

from webtune_tui.tui import error_display
from webtune_tui.tui.dataset.bulk import Bulk
from webtune_tui.tui.dataset.comparing import Comparing
from webtune_tui.tui.dataset.copying import Copying
from webtune_tui.tui.dataset.designing import Designing
from webtune_tui.tui.dataset.editing import EXAMPLE_KEYS, Editing
from webtune_tui.tui.dataset.history import History
from webtune_tui.tui.dataset.listing import Listing
from webtune_tui.tui.dataset.looking_at_dropped import LookingAtDropped
from webtune_tui.tui.dataset.preparing import Preparing
from webtune_tui.tui.dataset.reshaping import Reshaping
from webtune_tui.tui.dataset.reviewing import Reviewing
from webtune_tui.tui.dataset.selecting import Selecting
from webtune_tui.tui.dataset.statistics import LookingAtStatistics
from webtune_tui.tui.dataset.table_tools import TableTools
from webtune_tui.tui.dataset.triaging import Triaging
from webtune_tui.tui.dataset.writing import Writing
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.widgets.condition_input import ConditionInput
from webtune_tui.tui.widgets.draft_offer import DraftOffer
from webtune_tui.tui.widgets.dropped_records import DroppedRecords
from webtune_tui.tui.widgets.empty_state import EmptyState
from webtune_tui.tui.widgets.example_detail import ExampleDetail
from webtune_tui.tui.widgets.example_editor import ExampleEditor
from webtune_tui.tui.widgets.example_table import ExampleTable
from webtune_tui.tui.widgets.history_pane import HistoryPane
from webtune_tui.tui.widgets.prepare_panel import PreparePanel
from webtune_tui.tui.widgets.review_pane import ReviewPane
from webtune_tui.tui.widgets.row_view import RowView
from webtune_tui.tui.widgets.statistics_view import StatisticsView
from webtune_tui.tui.widgets.template_studio import TemplateStudio
from webtune_tui.tui.widgets.triage_board import HarmedRows, TriageBoard

_EXAMPLE_ACTIONS = frozenset({"edit", "drop", "filter", "next_split", "export", "origin", "bulk", "range"})
_ONE_ACTIONS = frozenset({"json", "copy", "alike", "clusters", "reshape"})
_UNDO_ACTIONS = frozenset({"undo", "redo"})
_UNDO_VIEWS = ("examples", "triage", "dropped", "statistics", "history")
_TABLE_ACTIONS = _EXAMPLE_ACTIONS | _UNDO_ACTIONS | {
    "prepare", "dropped", "studio", "triage", "statistics", "private", "check", "review", "history",
}  # fmt: skip
_OWN_VIEWS = ("prepare", "dropped", "triage", "statistics", "review", "history")


class DatasetScreen(TableTools):
    """Examples, one by one and all together."""

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
        "filters by a condition such as tokens > 800 and flag:edited; F counts what is listed by split, source, flag "
        "and edits: enter or space there joins the filter. O sorts, as a click on a title does; L chooses columns, "
        "their order and widths; V keeps all that as a view by name. o goes from an example to the record that it was "
        "made of, its raw bytes and its page. x writes files for OpenAI, DPO, ShareGPT, Alpaca, Parquet or CSV; v "
        "checks any file against the provider and the base, and writes a mended copy. P lists personal data and "
        "secrets in the records by kind and domain, masked.\n\n"
        "The example says what the model learns from it: turns with a full bar carry loss, others are read. R turns "
        "to its raw JSON and back, y copies a message, the answer or the JSON, c compares it word by word with its "
        "duplicates, its group and its source (s keeps the other one instead, b keeps both), C lists the largest "
        "clusters. m (F2 while editing) changes a role or a weight, splits an example in two, merges it with the next "
        "or the other marked one, duplicates it, or moves its group to another split. Ctrl+o while editing opens "
        "$EDITOR."
    )
    EDITING = frozenset({"edit", "drop", "undo", "redo", "export", "resume_draft", "reshape", "bulk", "review"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "Edit", tooltip="Edit the example in place"),
        Binding("d", "drop", "Drop", tooltip="Drop the marked examples, or this one"),
        Binding("B", "bulk", "Many", tooltip="Do something with all that are marked: M marks a range, a all listed"),
        Binding("M", "range", "Range", show=False, tooltip="Begin a range of marks here; M again ends it"),
        Binding("z", "undo", "Undo", tooltip="Take the last edit back"),
        Binding("Z", "redo", "Redo", show=False, tooltip="Apply the undone edit again"),
        Binding("slash", "filter", "Filter", key_display="/", tooltip="Filter by text, live"),
        Binding("f", "where", "Where", show=False, tooltip="Filter by a condition: tokens > 800 and flag:edited"),
        Binding(
            "n", "hit(1)", "Next hit", show=False, tooltip="The next example with the text of / (N: the one before)"
        ),
        Binding("N", "hit(-1)", "Hit before", show=False, tooltip="The example before with the text of /"),
        Binding("s", "next_split", "Split", show=False, tooltip="Show one split: train, validation, test, all"),
        Binding("o", "origin", "Origin", show=False, tooltip="The record behind the example: fields, bytes, page"),
        Binding("R", "json", "JSON", show=False, tooltip="The example as the JSON that is exported, and back"),
        Binding("y", "copy", "Copy", show=False, tooltip="Copy a message, the answer or the JSON of the example"),
        Binding("c", "alike", "Alike", show=False, tooltip="Compare with its duplicates, its group, its source"),
        Binding("m", "reshape", "Change", show=False, tooltip="Role, weight, split in two, merge, duplicate, move"),
        Binding("C", "clusters", "Clusters", show=False, tooltip="The largest clusters of duplicates"),
        Binding("p", "prepare", "Prepare", tooltip="The recipe: change it, preview it, run it"),
        Binding("t", "triage", "Triage", tooltip="What harms in the records and in this version, and what mends it"),
        Binding("S", "statistics", "Statistics", show=False, tooltip="What this version consists of, as charts"),
        Binding("T", "studio", "Template", show=False, tooltip="The template studio: write it beside real rows"),
        Binding("w", "review", "Review", show=False, tooltip="Look at examples one by one: keep, fix, drop, skip"),
        Binding("H", "history", "History", show=False, tooltip="The steps by hand, to walk; versions, to compare"),
        Binding("D", "dropped", "Dropped", show=False, tooltip="The dropped records and their reasons"),
        Binding("E", "resume_draft", "Draft", show=False, tooltip="Go on with an edit that was not saved"),
        Binding("x", "export", "Export", tooltip="Write the examples as files, in a form of your choice"),
        Binding("P", "private", "Private", show=False, tooltip="Personal data and secrets by kind and domain, masked"),
        Binding("v", "check", "Check file", show=False, tooltip="Check any file for provider and base, and mend it"),
    ]

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)
        self._listing = Listing(self)
        self._editing = Editing(self, self._listing)
        self._writing = Writing(self)
        self._selected = Selecting(self, self._listing)
        self._bulk = Bulk(self, self._selected, self._editing, self._writing, self.action_dropped)
        self._reviewing = Reviewing(self, self._listing, self._editing)
        self._history = History(self, self._editing)
        self._preparing = Preparing(self, self._prepared)
        self._dropped = LookingAtDropped(self, self._listing)
        self._statistics = LookingAtStatistics(self, open_rows=self.show_where)
        self._designing = Designing(self, self._leave_studio)
        self._reshaping = Reshaping(self, self._editing)
        self._copying = Copying(self)
        self._comparing = Comparing(self, self._listing, self._editing, self._dropped.open_record)
        self._triaging = Triaging(self, prepare=self._prepare_again, open_record=self._dropped.open_record)

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
            yield PreparePanel(id="prepare", classes="panel")
            yield DroppedRecords(id="dropped", classes="panel")
            yield TemplateStudio(id="studio", classes="panel")
            yield TriageBoard(id="triage", classes="panel")
            yield ReviewPane(id="review", classes="panel")
            yield HistoryPane(id="history", classes="panel")
            yield StatisticsView(id="statistics", classes="panel")
            yield EmptyState("Dataset", "Opening the workspace …", id="empty")
        yield Static("", id="dataset-status", markup=False)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#table-panel").border_title = self.tool_links()
        self.query_one("#side").border_title = "Example"
        self.query_one("#side").border_subtitle = EXAMPLE_KEYS
        self.query_one("#prepare").border_title = "Recipe"
        self.query_one("#dropped").border_title = "Dropped records"
        self.query_one("#studio").border_title = "Template studio"
        self.query_one("#triage").border_title = "Triage"
        self.query_one("#review").border_title = "Review"
        self.query_one("#history").border_title = "History"
        self.query_one("#statistics").border_title = "Statistics"

    def on_resize(self) -> None:
        super().on_resize()
        self.show_version()
        if self.has_side:
            self._listing.load_detail()

    async def services_ready(self) -> None:
        await super().services_ready()
        if self.is_read_only:
            self._preparing.panel.refusal = self.webtune.place.read_only_reason
            self._designing.studio.refusal = self.webtune.place.read_only_reason
            self._triaging.board.refusal = self.webtune.place.read_only_reason

    async def shown(self) -> None:
        await self._load()
        await self._editing.tell_draft()

    async def reveal(self, thing_id: str) -> None:
        """Puts the cursor on an example of the working version, whatever was filtered before."""
        if self.is_editing:
            self.say("First save or leave the edit", "-care")
            return
        await self._load()
        await self._listing.reveal(thing_id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers the keys that mean something in the present view."""
        if action in _ONE_ACTIONS and self.are_views_there and (self.is_editing or self.view != "examples"):
            return False
        if action in _EXAMPLE_ACTIONS and self.are_views_there and self.view != "examples":
            return False
        if action in _UNDO_ACTIONS and self.are_views_there and self.view not in _UNDO_VIEWS:
            return False
        if action in _TABLE_ACTIONS and (self.is_editing or (self.are_views_there and self.view == action)):
            return False
        return super().check_action(action, parameters)

    def focus_home(self) -> None:
        match self.view:
            case "prepare":
                self._preparing.panel.focus_parts()
            case "dropped":
                self._dropped.pane.focus_reasons()
            case "triage":
                self._triaging.board.focus_tiles()
            case "statistics":
                self._statistics.view.focus_chart()
            case "studio":
                self._designing.studio.focus_texts()
            case "review":
                self._reviewing.pane.text.focus()
            case "history":
                self._history.pane.steps.focus()
            case "examples":
                (self.editor if self.is_editing else self.table).focus()
            case _:
                self.set_focus(None)

    async def _load(self) -> None:
        """Shows the working version, or what is missing to have one."""
        before = self.version
        await self.read_version()
        if self.version is None:
            await self.show_nothing()
            return
        if self.view == "empty":
            self.show_view("examples")
        if before is None or before.content_hash != self.version.content_hash:
            self._listing.show(keep_place=before is not None)

    async def _prepared(self) -> None:
        self._dropped.prepared()
        await self._load()

    # The table

    @on(ExampleTable.Loaded)
    def _loaded(self, event: ExampleTable.Loaded) -> None:
        self._editing.listed_anew()
        self._listing.loaded(event.total)

    @on(ExampleTable.Failed)
    def _failed(self, event: ExampleTable.Failed) -> None:
        error_display.show(self.webtune, event.error)

    @on(ExampleTable.Marked)
    def _marked(self) -> None:
        self._listing.show_count()

    @on(RowView.Moved, "#table")
    def _row_moved(self) -> None:
        self._listing.row_moved()

    @on(RowView.Chosen, "#table")
    def _row_chosen(self) -> None:
        self._listing.open_row()

    @work(group="origin", exclusive=True, exit_on_error=False)
    async def action_origin(self) -> None:
        """Shows the record behind the example, or the list where there are several."""
        await self._listing.show_origin()

    def action_json(self) -> None:
        """Shows the example as JSON, or its words again."""
        if self.table.current is not None:
            self.detail.turn_to_json()
            if not self.has_side:
                self._listing.open_row()

    def action_copy(self) -> None:
        """Copies something of the example under the cursor."""
        if (row := self.table.current) is not None:
            self._copying.copy(row.example_id)

    def action_alike(self) -> None:
        """Compares the example under the cursor with what is like it."""
        if (row := self.table.current) is not None:
            self._comparing.open(row.example_id)

    def action_clusters(self) -> None:
        """Lists the largest clusters."""
        if self.version is not None:
            self._comparing.open_list()

    def action_filter(self) -> None:
        """Opens the filter."""
        self._listing.open_filter()

    def action_where(self) -> None:
        """Opens the filter by a condition."""
        self._listing.open_filter("where")
        self.offer_values()

    def show_where(self, condition: str) -> None:
        """Lists the examples that fulfil a condition."""
        self._listing.show_where(condition)

    @work(group="hit", exclusive=True, exit_on_error=False)
    async def action_hit(self, direction: int) -> None:
        """Goes to the next example with the text that was looked for last, or to the one before."""
        if self.view == "examples":
            await self._listing.next_hit(direction)

    @on(ExampleTable.SortWanted)
    def _sort_wanted(self, event: ExampleTable.SortWanted) -> None:
        self._listing.sort_by(event.sort)

    @on(Input.Changed, "#filter")
    @on(Input.Changed, "#where")
    def _filter_typed(self) -> None:
        self._listing.filter_typed()

    @on(Input.Submitted, "#filter")
    @on(Input.Submitted, "#where")
    def _filter_done(self) -> None:
        self._listing.use_filter()
        self.table.focus()

    def action_next_split(self) -> None:
        """Lists the next split alone, after the last one all."""
        self._listing.next_split()

    # Editing

    def action_edit(self) -> None:
        """Edits the example under the cursor."""
        row = self.table.current
        if row is not None and self.view == "examples" and not self.refuses_editing():
            self._editing.edit(row.example_id)

    def action_resume_draft(self) -> None:
        """Goes on with the edit that was typed last and not saved."""
        if not self.refuses_editing():
            self._editing.resume_draft()

    @on(ExampleEditor.Typed)
    def _keep_draft(self, event: ExampleEditor.Typed) -> None:
        self._editing.keep_draft(event.example_id, event.draft)

    @on(DraftOffer.Taken)
    def _draft_taken(self) -> None:
        self.action_resume_draft()

    @on(ExampleEditor.CheckWanted)
    def _check_edit(self, event: ExampleEditor.CheckWanted) -> None:
        self._editing.check(event.example_id, event.messages)

    def action_reshape(self) -> None:
        """Offers what can be done to the shape of the example under the cursor."""
        row = self.table.current
        if row is not None and not self.refuses_editing():
            self._reshaping.open(row.example_id)

    @on(ExampleEditor.ReshapeWanted)
    def _reshape_edited(self, event: ExampleEditor.ReshapeWanted) -> None:
        self._reshaping.open(event.example_id, event.place)

    @on(ExampleEditor.OutsideWanted)
    def _edit_outside(self, event: ExampleEditor.OutsideWanted) -> None:
        self._editing.edit_outside(event.example_id, event.messages)

    @on(ExampleEditor.Saved)
    def _save_edit(self, event: ExampleEditor.Saved) -> None:
        self._editing.save(event.example_id, event.changes)

    @on(ExampleEditor.Left)
    def _leave_edit(self, event: ExampleEditor.Left) -> None:
        self._editing.leave(event.example_id, is_changed=event.is_changed)

    def action_drop(self) -> None:
        """Drops the marked examples, or the one under the cursor."""
        if self.view != "examples" or self.is_editing or self.refuses_editing():
            return
        if self.table.are_all_marked:
            self._bulk.drop()
        else:
            self._editing.drop(self.table.chosen)

    def action_bulk(self) -> None:
        """Opens the menu of what can be done with all selected examples."""
        if not self.is_editing and not self.refuses_editing():
            self._bulk.open()

    def action_range(self) -> None:
        """Begins a range of marks, or ends it at the cursor."""
        self._selected.toggle_range()

    def action_undo(self) -> None:
        """Takes the last edit back."""
        if not self.is_editing and not self.refuses_editing():
            self._editing.step_back_or_on(again=False, then=self._refresh_view)

    def action_redo(self) -> None:
        """Applies the last undone edit again."""
        if not self.is_editing and not self.refuses_editing():
            self._editing.step_back_or_on(again=True, then=self._refresh_view)

    def _refresh_view(self) -> None:
        """Shows anew what stands beside the table and depends on the edits."""
        if self.view == "triage":
            self._triaging.reload_rows()
        elif self.view == "dropped":
            self._dropped.show_reasons()
        elif self.view == "history":
            self._history.load()
        elif self.view == "statistics":
            self._statistics.count()

    # Preparing

    def action_prepare(self) -> None:
        """Opens the recipe."""
        if self.are_services_open and not self.is_editing:
            self.show_view("prepare")
            self._preparing.load()

    @on(PreparePanel.PreviewWanted)
    def _preview_wanted(self, event: PreparePanel.PreviewWanted) -> None:
        if type(event) is PreparePanel.PreviewWanted:
            self._preparing.preview(event.assignments)

    @on(PreparePanel.StepPreviewWanted)
    def _step_preview_wanted(self, event: PreparePanel.StepPreviewWanted) -> None:
        self._preparing.preview_step(event.assignments, event.step)

    @on(PreparePanel.SaveWanted)
    def _save_wanted(self, event: PreparePanel.SaveWanted) -> None:
        self._preparing.save(event.assignments)

    @on(PreparePanel.RunWanted)
    def _run_wanted(self, event: PreparePanel.RunWanted) -> None:
        self._preparing.run(event.assignments)

    @on(PreparePanel.CancelWanted)
    def _cancel_wanted(self) -> None:
        self._preparing.cancel()

    # The template

    def action_studio(self) -> None:
        """Opens the template studio."""
        if self.are_services_open and not self.is_editing and self.view != "studio":
            self._designing.open()

    @on(TemplateStudio.PreviewWanted)
    def _rows_wanted(self) -> None:
        self._designing.preview()

    @on(TemplateStudio.ChoiceWanted)
    def _other_rows_wanted(self, event: TemplateStudio.ChoiceWanted) -> None:
        self._designing.choose(event.choice)

    @on(TemplateStudio.SaveWanted)
    def _template_saved(self) -> None:
        self._designing.save()

    @on(TemplateStudio.LeaveWanted)
    def _studio_left(self) -> None:
        self._designing.leave()

    def _leave_studio(self) -> None:
        self.action_prepare()

    # Triage

    def action_triage(self) -> None:
        """Shows what harms, and what mends it."""
        if self.are_services_open and not self.is_editing and self.view not in ("studio", "triage"):
            self._triaging.open()

    @on(TriageBoard.LookWanted)
    def _look_wanted(self) -> None:
        self._triaging.look()

    @on(TriageBoard.CancelWanted)
    def _look_cancelled(self) -> None:
        self._triaging.cancel()

    @on(TriageBoard.RowsWanted)
    def _tile_shown(self, event: TriageBoard.RowsWanted) -> None:
        if type(event) is TriageBoard.RowsWanted:
            self._triaging.load_rows(event.tile)

    @on(TriageBoard.RowWanted)
    def _harmed_row_wanted(self, event: TriageBoard.RowWanted) -> None:
        self._triaging.open_row(event.row)

    @on(HarmedRows.EditWanted)
    def _harmed_row_edited(self, event: HarmedRows.EditWanted) -> None:
        if not self.refuses_editing():
            self._editing.edit(event.row.example_id, back=self._back_to_rows)

    def _back_to_rows(self) -> None:
        self.show_view("triage")
        self._triaging.board.focus_rows()
        self._triaging.reload_rows()

    @on(HarmedRows.DropWanted)
    def _harmed_row_dropped(self, event: HarmedRows.DropWanted) -> None:
        if not self.refuses_editing():
            self._editing.drop((event.row.example_id,), then=self._triaging.reload_rows)

    @on(TriageBoard.MendWanted)
    def _mend_wanted(self, event: TriageBoard.MendWanted) -> None:
        self._triaging.mend(event.tile)

    @on(TriageBoard.SetBackWanted)
    def _set_back_wanted(self) -> None:
        self._triaging.set_back()

    def _prepare_again(self) -> None:
        self.action_prepare()
        self._preparing.run({}, then=self._triage_again)

    def _triage_again(self) -> None:
        """Back to the board that asked for the run, with the counts after it."""
        if self.view == "prepare":
            self.show_view("triage")
            self._triaging.look()

    # Review and history

    def action_review(self) -> None:
        """Goes on with the review, or begins one."""
        if self.version is None:
            self.say("There is nothing to review yet: p opens the recipe, r runs it")
        elif not self.is_editing and not self.refuses_editing():
            self._reviewing.open()

    @on(ReviewPane.Judged)
    def _judged(self, event: ReviewPane.Judged) -> None:
        self._reviewing.judge(event.verdict)

    @on(ReviewPane.BackWanted)
    def _verdict_back(self) -> None:
        self._reviewing.step_back()

    @on(ReviewPane.AgreementWanted)
    def _agreement_wanted(self) -> None:
        self._reviewing.agreement()

    @on(ReviewPane.AnotherWanted)
    def _another_review(self) -> None:
        self._reviewing.begin()

    def action_history(self) -> None:
        """Shows the steps by hand and the versions."""
        if self.are_services_open and not self.is_editing:
            self._history.open()

    @on(HistoryPane.StepWanted)
    def _step_wanted(self, event: HistoryPane.StepWanted) -> None:
        if not self.refuses_editing():
            self._history.walk(event.number)

    @on(HistoryPane.NameWanted)
    def _name_wanted(self, event: HistoryPane.NameWanted) -> None:
        if not self.refuses_editing():
            self._history.name(event.version)

    @on(HistoryPane.CompareWanted)
    def _compare_wanted(self, event: HistoryPane.CompareWanted) -> None:
        self._history.compare(event.pair)

    # Statistics

    def action_statistics(self) -> None:
        """Shows what the version consists of."""
        if self.are_services_open and not self.is_editing and self.view not in ("studio", "statistics"):
            self._statistics.open()

    @on(StatisticsView.CountWanted)
    def _count_wanted(self) -> None:
        self._statistics.count(is_anew=True)

    @on(StatisticsView.CancelWanted)
    def _count_cancelled(self) -> None:
        self._statistics.cancel()

    @on(StatisticsView.RowsWanted)
    def _bar_wanted(self, event: StatisticsView.RowsWanted) -> None:
        self._statistics.open_rows(event.condition)

    # Dropped records

    def action_dropped(self) -> None:
        """Shows which records made no example, and why."""
        if not self.is_editing:
            self._dropped.open()

    @on(DroppedRecords.ReasonWanted)
    def _reason_wanted(self, event: DroppedRecords.ReasonWanted) -> None:
        self._dropped.load(event.reason)

    @on(DroppedRecords.PairWanted)
    def _pair_wanted(self, event: DroppedRecords.PairWanted) -> None:
        self._dropped.load_pair(event.record)

    @on(DroppedRecords.RestoreWanted)
    def _restore_wanted(self, event: DroppedRecords.RestoreWanted) -> None:
        if not self.refuses_editing():
            self._dropped.restore(event.records)

    @on(DroppedRecords.ManyWanted)
    def _many_dropped_wanted(self, event: DroppedRecords.ManyWanted) -> None:
        if not self.refuses_editing():
            self._bulk.restore(event.reason)

    @on(DroppedRecords.RecordWanted)
    def _dropped_record_wanted(self, event: DroppedRecords.RecordWanted) -> None:
        if type(event) is DroppedRecords.RecordWanted:
            self._dropped.open_record(event.record.record_id)

    # Export

    def action_export(self) -> None:
        """Asks for the form, writes one file per split and says where."""
        if self.version is None:
            self.say("There is nothing to export yet")
        elif not self.refuses_editing():
            self._writing.export()

    def action_check(self) -> None:
        """Checks a file of examples against provider and base."""
        if self.are_services_open and not self.is_editing:
            self._writing.check()

    def action_private(self) -> None:
        """Shows the personal data in the records of this version, masked."""
        if self.version is None:
            self.say("There is no dataset yet: p opens the recipe, r runs it")
        elif not self.is_editing:
            self._look_for_private()

    @work(group="private", exclusive=True, exit_on_error=False)
    async def _look_for_private(self) -> None:
        from webtune_tui.tui.modals.private_data import PrivateData

        await self.app.push_screen(PrivateData(self.services.private_data, self._dropped.open_record))

    # Going back

    def action_back(self) -> None:
        """Closes what is open, the innermost first."""
        if self.is_editing:
            self.editor.action_leave()
        elif self._bulk.cancel() or (self.view == "examples" and self._selected.leave_range()):
            return
        elif self.view == "studio":
            self._designing.leave()
        elif self.view in _OWN_VIEWS:
            self._leave_view()
        elif not self._listing.step_back():
            super().action_back()

    def _leave_view(self) -> None:
        panel = self._preparing.panel
        if self.view == "triage" and self._triaging.board.are_rows_focused:
            self._triaging.board.focus_tiles()
            return
        if self.view == "prepare" and not panel.is_list_focused:
            panel.focus_parts()
            return
        was_recipe = self.view == "prepare"
        self.show_view("examples" if self.version else "empty")
        if was_recipe and panel.pending:
            changes = figures.count(len(panel.pending), "change")
            self.say(f"{changes} of the recipe not saved: p goes back, ctrl+s there saves", "-care")


SCREEN = DatasetScreen
