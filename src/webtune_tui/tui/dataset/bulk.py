"""Many at once: what is chosen in the menu, shown with its count, done as one step, told and undone by ``z``."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.worker import Worker

from webtune_tui.domain.dropped_fields import condition_of
from webtune_tui.domain.edit_steps import Edited, EditResult
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.pace import Pace
from webtune_tui.domain.reviews import REVIEW_TAG
from webtune_tui.domain.selections import Selection
from webtune_tui.pipeline.edit import operation_of
from webtune_tui.pipeline.edits.base import Operation
from webtune_tui.tui.dataset.editing import Editing
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.looking_at_dropped import LookingAtDropped
from webtune_tui.tui.dataset.part import DatasetPart
from webtune_tui.tui.dataset.selecting import Selecting
from webtune_tui.tui.dataset.writing import Writing
from webtune_tui.tui.parts import heard
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.bulk import done_words
from webtune_tui.tui.presentation.bulk_choices import CHOICES, BulkChoice
from webtune_tui.tui.presentation.restoring import restored_words
from webtune_tui.tui.presentation.template_forms import forms_of
from webtune_tui.tui.widgets.dropped_records import DroppedRecords

_DRAW_SECONDS = 0.1
_DROP = next(one for one in CHOICES if one.operation == "drop")


class Bulk(DatasetPart):
    """Does what the menu asks for."""

    ONLY_IN_TABLE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "drop", "Drop", tooltip="Drop the marked examples, or this one"),
        Binding("B", "bulk", "Many", tooltip="Do something with all that are marked: M marks a range, a all listed"),
    ]
    EDITING = frozenset({"drop", "bulk"})

    def __init__(
        self,
        screen: DatasetFrame,
        selecting: Selecting,
        editing: Editing,
        writing: Writing,
        dropped: LookingAtDropped,
    ) -> None:
        super().__init__(screen)
        self._selecting = selecting
        self._editing = editing
        self._writing = writing
        self._dropped = dropped
        self._run: Worker[None] | None = None
        self._result: EditResult | None = None
        self._drawn_at = 0.0
        self._is_stopping = False
        self._next = ""
        self._words: Callable[[EditResult], str] = done_words

    def action_bulk(self) -> None:
        """Asks what shall be done with all selected examples."""
        if not self._screen.is_editing and not self._screen.refuses_editing() and self._can_begin():
            self._screen.launch(self._choose, "bulk-menu")

    def action_drop(self) -> None:
        """Drops the marked examples, or the one under the cursor; of all that are listed it first shows how many."""
        screen = self._screen
        if screen.view != "examples" or screen.is_editing or screen.refuses_editing():
            return
        if not screen.table.are_all_marked:
            self._editing.drop(screen.table.chosen)
        elif self._can_begin():
            screen.launch(partial(self._form, _DROP, self._selecting.selection), "bulk-menu")

    def _can_begin(self) -> bool:
        screen = self._screen
        if self.is_running:
            screen.say("An edit is being made: esc stops it", "-care")
            return False
        if screen.version is None or screen.view != "examples" or screen.is_editing:
            return False
        if self._selecting.selection.is_empty:
            screen.say("No example is selected: space marks, M begins a range, a takes all that are listed", "-care")
            return False
        return True

    async def _choose(self) -> None:
        from webtune_tui.tui.modals.bulk_menu import BulkMenu  # dialogues load when they are first needed

        selection, count = self._selecting.selection, self._selecting.count
        choice = await self._screen.webtune.push_screen_wait(BulkMenu(self._selecting.told, count))
        if choice is None:
            return
        if choice.title == "Restore":
            await self._restore("")
        elif choice.title == "Export":
            await self._writing.export_selection(selection, count)
        elif choice.title == "Review":
            self._begin(operation_of("tag", tag=REVIEW_TAG), selection, next="w reviews them")
        elif choice.operation == "retemplate":
            await self._retemplate(choice, selection)
        else:
            await self._form(choice, selection)

    async def _form(self, choice: BulkChoice, selection: Selection) -> None:
        from webtune_tui.tui.modals.bulk_form import BulkForm

        told, editing = self._selecting.told, self._screen.services.editing
        form = BulkForm(choice.operation, _title(choice), selection, told, editing)
        operation = await self._screen.webtune.push_screen_wait(form)
        if operation is not None:
            self._begin(operation, selection)

    async def _retemplate(self, choice: BulkChoice, selection: Selection) -> None:
        from webtune_tui.tui.modals.retemplate_form import RetemplateForm

        services = self._screen.services
        texts = forms_of(await services.prepare.recipe())[0].texts
        told = self._selecting.told
        form = RetemplateForm(_title(choice), selection, told, services.editing, services.studio, texts)
        operation = await self._screen.webtune.push_screen_wait(form)
        await services.studio.aclose()
        if operation is not None:
            self._begin(operation, selection)

    @heard(DroppedRecords.ManyWanted)
    def _many_dropped_wanted(self, event: DroppedRecords.ManyWanted) -> None:
        """Asks which dropped rows shall come back; those of a reason are proposed."""
        if self._screen.refuses_editing():
            return
        if self.is_running:
            self._screen.say("An edit is being made: esc stops it", "-care")
        elif self._screen.version is not None:
            self._screen.launch(partial(self._restore, event.reason), "bulk-menu")

    async def _restore(self, reason: str) -> None:
        from webtune_tui.tui.modals.restore_form import THEIR_LIST, RestoreForm

        screen = self._screen
        dropped = screen.report.dropped if screen.report else {}
        form = RestoreForm(screen.services.editing, dropped, condition_of(reason))
        where = await screen.webtune.push_screen_wait(form)
        if where == THEIR_LIST:
            self._dropped.action_dropped()
        elif where is not None:
            self._words = restored_words
            self._start(screen.services.editing.restore(where))

    # Doing it

    @property
    def is_running(self) -> bool:
        """Whether an edit is being made."""
        return self._run is not None and not self._run.is_finished

    def _begin(self, operation: Operation, selection: Selection, next: str = "") -> None:
        self._words = done_words
        self._start(self._screen.services.editing.run(operation, selection), next)

    def _start(self, events: AsyncGenerator[Progressed | Edited, None], next: str = "") -> None:
        self._result, self._is_stopping, self._next = None, False, next
        self._drawn_at, pace = time.monotonic(), Pace()
        self._screen.say("Starting …  ·  esc stops it")
        self._run = self._screen.follow(
            events,
            partial(self._show, pace),
            group="bulk",
            label="Editing many examples",
            survives=False,
            ended=self._ended,
        )

    def _show(self, pace: Pace, event: Progressed | Edited) -> None:
        if isinstance(event, Edited):
            self._result = event.result
            return
        now = time.monotonic()
        if now - self._drawn_at < _DRAW_SECONDS:
            return
        self._drawn_at = now
        words = pace.words(event.stage, event.done, event.total, event.unit)
        share = f"{figures.share(event.done, event.total)}  " if event.total else ""
        told = f"{event.stage.capitalize()}: {share}{event.done:,} {event.unit}"
        self._screen.say(f"{told}{f', {words}' if words else ''}  ·  esc stops it")

    async def _ended(self) -> None:
        screen, before = self._screen, self._screen.version
        if screen.webtune.is_leaving:
            return
        if self._result is not None:
            screen.table.clear_marks()
            words = self._words(self._result)
            await self._editing.done(self._result, f"{words}  ·  {self._next}" if self._next else words)
            if screen.view == "dropped" and screen.report is not None:
                screen.query_one(DroppedRecords).show_reasons(screen.report.dropped)
        elif self._is_stopping and before is not None:
            version = await screen.services.curate.version()
            if (version.build, version.revision) == (before.build, before.revision):  # tags are not of the content
                screen.say("Stopped; nothing was changed", "-care")
            else:  # it was being stored, which is not left half done
                screen.table.clear_marks()
                result = EditResult(version, ())
                await self._editing.done(result, "It was done before it could be stopped  ·  z undoes it")

    def step_back(self) -> bool:
        """Stops an edit under way, which then has changed nothing unless it is being stored; whether there was one."""
        if self._run is None or not self.is_running:
            return False
        if not self._is_stopping:
            self._is_stopping = True
            self._run.cancel()
            self._screen.say("Stopping …", "-care")
        return True


def _title(choice: BulkChoice) -> str:
    return f"{choice.title}: {choice.help}"
