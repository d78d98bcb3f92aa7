"""The recipe: its parts with switches and options, a live preview on real records, and the counts of the last run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Select, Static, TextArea

from webtune_tui.domain.datasets import PrepareReport
from webtune_tui.domain.events import Noted, Prepared, PrepareEvent, Progressed
from webtune_tui.domain.pace import Pace
from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.pipeline.packing import PackingPlan
from webtune_tui.services.prepare import PreviewRow, StepDescription
from webtune_tui.services.studio import StepPreview
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.progress import BESIDE, progress_line
from webtune_tui.tui.presentation.recipe_form import (
    RecipePart,
    in_order,
    moved,
    preview_lines,
    preview_title,
    recipe_parts,
    report_lines,
    saved_values,
    touched_by_step,
)
from webtune_tui.tui.presentation.step_preview import step_lines, step_title
from webtune_tui.tui.presentation.text_layout import StyledLine
from webtune_tui.tui.widgets.part_form import PartForm
from webtune_tui.tui.widgets.recipe_parts import RecipeParts, is_enabled
from webtune_tui.tui.widgets.row_view import RowView
from webtune_tui.tui.widgets.styled_lines import StyledLines

if TYPE_CHECKING:
    from textual.worker import WorkType


_PREVIEW_SECONDS = 0.2
_WHY_NOT = {
    "record": "stays: a step moves among those that clean records",
    "example": "stays: a step moves among those that check examples",
    "corpus": "stays: the steps over the whole set have one order",
}
LAST_RUN = RecipePart("last_run", "Last run")


class PreparePanel(Vertical):
    """Changes the recipe, shows what would become of some records, and runs it. It asks; the screen does the work."""

    DEFAULT_CSS = """
    PreparePanel { height: 1fr; }
    PreparePanel #prepare-state { height: auto; min-height: 1; max-height: 3; padding: 0 1; }
    PreparePanel #prepare-state.-failed { color: $error; }
    PreparePanel #recipe-parts { width: 46; height: 1fr; border-right: vkey $border-blurred; }
    PreparePanel #recipe-right { width: 1fr; height: 1fr; padding: 0 0 0 1; }
    PreparePanel #recipe-form { height: auto; max-height: 60%; scrollbar-size-vertical: 1; }
    PreparePanel #recipe-report { height: 1fr; display: none; }
    PreparePanel.-report #recipe-report { display: block; }
    PreparePanel.-report #recipe-form, PreparePanel.-report #recipe-preview { display: none; }
    PreparePanel.-report #preview-title { display: none; }
    PreparePanel #preview-title { height: 1; margin-top: 1; color: $text-muted; text-style: bold; }
    PreparePanel #preview-title { text-wrap: nowrap; text-overflow: ellipsis; }
    PreparePanel #preview-title.-failed { color: $error; text-style: none; height: auto; max-height: 4; }
    PreparePanel #preview-title.-failed { text-wrap: wrap; }
    PreparePanel #recipe-preview { height: 1fr; min-height: 4; }
    PreparePanel .field-label { height: 1; color: $text-muted; }
    PreparePanel .field-row { height: 1; }
    PreparePanel .field-row .field-label { width: 29; text-wrap: nowrap; text-overflow: ellipsis; }
    PreparePanel Checkbox { width: 6; }
    PreparePanel .field-help { height: auto; color: $text-muted; margin-bottom: 1; }
    PreparePanel .field-names { height: auto; max-height: 3; color: $secondary; margin-top: 1; }
    PreparePanel.-compact .field-names { max-height: 2; margin-top: 0; }
    PreparePanel.-compact #recipe-parts { width: 30; }
    PreparePanel.-compact .field-help { margin-bottom: 0; }
    PreparePanel.-compact #recipe-form { max-height: 65%; }
    PreparePanel.-compact #preview-title { margin-top: 0; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r,p,ctrl+r", "run", "Run"),
        Binding("ctrl+s", "save", "Save recipe"),
        Binding("c", "cancel", "Cancel run", show=False),
        Binding("a", "begin_part", "Begin part", show=False, tooltip="Begin a part of the mix"),
        Binding("escape", "screen.back", "Back"),
    ]

    class PreviewWanted(Message):
        """The person paused: show what these changes would make of some records."""

        def __init__(self, assignments: Mapping[str, str]) -> None:
            super().__init__()
            self.assignments = assignments

    class StepPreviewWanted(PreviewWanted):
        """Show what one step does to a sample with these changes."""

        def __init__(self, assignments: Mapping[str, str], step: str) -> None:
            super().__init__(assignments)
            self.step = step

    class SaveWanted(PreviewWanted):
        """Write the changes to the recipe."""

    class RunWanted(PreviewWanted):
        """Write the changes and replay the recipe on all records."""

    class CancelWanted(Message):
        """Stop the run; the last version stays."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._parts: tuple[RecipePart, ...] = ()
        self._pending: dict[str, str] = {}
        self._report: PrepareReport | None = None
        self._pause: Timer | None = None
        self._shown_part = ""
        self._previewed: tuple[str, Mapping[str, str]] = ("", {})
        self._record_fields: Sequence[str] = ()
        self._packing: PackingPlan | None = None
        self._pace = Pace()
        self.is_preparing = False
        self.refusal = ""

    def compose(self) -> ComposeResult:
        yield Static("", id="prepare-state", markup=False)
        with Horizontal():
            yield RecipeParts(id="recipe-parts")
            with Vertical(id="recipe-right"):
                yield PartForm(id="recipe-form", can_focus=False)
                yield StyledLines(id="recipe-report")
                yield Static("", id="preview-title", markup=False)
                yield StyledLines(id="recipe-preview")

    def on_resize(self) -> None:
        """Closer together on a small terminal."""
        self.set_class(self.size.width < 100 or self.size.height < 24, "-compact")

    # What the screen shows here

    @property
    def pending(self) -> Mapping[str, str]:
        """Changes that are not in the recipe yet: key -> text."""
        return dict(self._pending)

    def show_recipe(
        self,
        recipe: Mapping[str, Any],
        steps: Sequence[StepDescription],
        report: PrepareReport | None,
        *,
        record_fields: Sequence[str] = (),
    ) -> None:
        """Shows the workspace's recipe; changes that are not saved stay. ``record_fields`` can stand in a template."""
        self._record_fields = record_fields or self._record_fields
        self._parts = recipe_parts(recipe, steps)
        saved = saved_values(self._parts)
        self._pending = {key: text for key, text in self._pending.items() if saved.get(key) not in (None, text)}
        self._report = report
        self._shown_part = ""
        self._show_parts()
        self._show_part()
        self._tell_state()

    def show_preview(self, rows: Sequence[PreviewRow]) -> None:
        """Shows what would become of the sample."""
        if self._previewed[0]:
            return  # a step is looked at meanwhile
        self._preview_title(preview_title(rows) if rows else "No records to try the recipe on", failed=False)

        def lines(width: int) -> Sequence[StyledLine]:
            return preview_lines(rows, width, lines_each=1 if self.has_class("-compact") else 4)

        self.query_one("#recipe-preview", StyledLines).show(lines, keep_place=True)

    def show_step(self, preview: StepPreview) -> None:
        """Shows what the step under the cursor does to the sample."""
        if preview.step != self._shown_part:
            return
        part = self.query_one(RecipeParts).part
        is_on = part is None or is_enabled(part, self._pending)
        width = self.query_one("#preview-title").size.width
        self._preview_title(step_title(preview, width, is_on=is_on), failed=False)

        def lines(width: int) -> Sequence[StyledLine]:
            return step_lines(preview, width, lines_each=2 if self.has_class("-compact") else 5)

        self.query_one("#recipe-preview", StyledLines).show(lines)

    def show_preview_failure(self, words: str) -> None:
        """Says why the changed recipe does not fit; the preview before stays."""
        self._preview_title(words, failed=True)

    def show_packing(self, plan: PackingPlan) -> None:
        """Shows with the newest run what packing its training examples would save."""
        self._packing = plan
        if self._shown_part == LAST_RUN.name:
            self._shown_part = ""
            self._show_part()

    def show_failure(self, words: str) -> None:
        """Says why there is no recipe to show."""
        self._say(Content(display(words, limit=600)), "-failed")

    def show_event(self, event: PrepareEvent) -> None:
        """Shows how far a run is."""
        match event:
            case Progressed():
                words = self._pace.words(event.stage, event.done, event.total, event.unit)
                self._say(progress_line(event, words, self.app.size.width - BESIDE), "")
            case Noted(message=message):
                self._say(Content(display_line(message, limit=300)), "")
            case Prepared(report=report):
                self.show_report(report)

    def show_report(self, report: PrepareReport) -> None:
        """Shows what the run did, at the top of the list."""
        self._report = report
        self._packing = None
        self._shown_part = ""
        self._show_parts()
        parts = self.query_one(RecipeParts)
        parts.cursor = 0
        self._show_part()

    def run_started(self) -> None:
        """A run is under way."""
        self.is_preparing = True
        self._pace = Pace()
        self._say(progress_line(Progressed("starting", 0), "", self.app.size.width - BESIDE), "")

    def run_ended(self, words: str = "") -> None:
        """No run is under way any more."""
        self.is_preparing = False
        if words:
            self._say(Content(display_line(words, limit=300)), "")
        else:
            self._tell_state()

    def saved(self) -> None:
        """The changes are in the recipe."""
        self._pending.clear()
        self._show_parts()
        self._tell_state()

    @property
    def is_list_focused(self) -> bool:
        """Whether the keys go to the list of parts."""
        return self.query_one(RecipeParts).has_focus

    def focus_parts(self) -> None:
        """The keys go to the list of parts."""
        self.query_one(RecipeParts).focus()

    # The person's changes

    @on(RowView.Moved, "#recipe-parts")
    def _part_moved(self, event: RowView.Moved) -> None:
        event.stop()
        self._show_part()

    @on(RowView.Chosen, "#recipe-parts")
    def _part_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        if self.has_class("-report"):
            self.query_one("#recipe-report").focus()
            return
        for field in self.query_one("#recipe-form").query("Input, TextArea, Select, Checkbox"):
            field.focus()
            break

    @on(RecipeParts.Switched)
    def _part_switched(self, event: RecipeParts.Switched) -> None:
        event.stop()
        self._change(event.part.switch, "true" if event.enabled else "false")

    @on(RecipeParts.Shifted)
    def _part_shifted(self, event: RecipeParts.Shifted) -> None:
        event.stop()
        if not event.part.is_step:
            self._say(Content("Only steps can be moved"), "")
            return
        keys = moved(self._parts, event.part, event.rows, self._pending)
        if not keys:
            words = f"{event.part.title} {_WHY_NOT.get(event.part.stage, '')}"
            self._say(Content(display_line(words, limit=200)), "")
            return
        for key, text in keys.items():
            self._change(key, text)

    @on(Input.Changed)
    def _input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._change_field(event.input, event.value)

    @on(TextArea.Changed)
    def _text_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._change_field(event.text_area, event.text_area.text)

    @on(Checkbox.Changed)
    def _checkbox_changed(self, event: Checkbox.Changed) -> None:
        event.stop()
        self._change_field(event.checkbox, "true" if event.value else "false")

    @on(Select.Changed)
    def _select_changed(self, event: Select.Changed) -> None:
        event.stop()
        if event.value is not Select.NULL:
            self._change_field(event.select, str(event.value))

    def _change_field(self, widget: Widget, text: str) -> None:
        if widget.name:
            self._change(widget.name, text)

    def _change(self, key: str, text: str) -> None:
        if saved_values(self._parts).get(key) == text:
            if self._pending.pop(key, None) is None:
                return
        elif self._pending.get(key) == text:
            return
        else:
            self._pending[key] = text
        self._show_parts()
        self._tell_state()
        self._preview_soon()

    def _preview_soon(self) -> None:
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(_PREVIEW_SECONDS, self._want_preview)

    def _want_preview(self) -> None:
        part = self.query_one(RecipeParts).part
        wanted = (part.name if part is not None and part.is_step else "", self.pending)
        if wanted == self._previewed:
            return
        if wanted[0] != self._previewed[0]:
            self._preview_title("Trying it on a sample …", failed=False)
            self.query_one("#recipe-preview", StyledLines).show(None)
        self._previewed = wanted
        if wanted[0]:
            self.post_message(self.StepPreviewWanted(self.pending, wanted[0]))
        else:
            self.post_message(self.PreviewWanted(self.pending))

    def action_run(self) -> None:
        """Replays the recipe on all records."""
        if self._refused():
            return
        if not self.is_preparing:
            self.post_message(self.RunWanted(self.pending))

    def action_save(self) -> None:
        """Writes the changes to the recipe."""
        if self._refused():
            return
        if self._pending:
            self.post_message(self.SaveWanted(self.pending))

    def action_begin_part(self) -> None:
        """Asks for a part of the mix and saves it, with the other changes."""
        if not self._refused() and not self.is_preparing:
            from webtune_tui.tui.modals.begin_mix_part import BeginMixPart  # dialogues load when they are first needed

            mix = next((part for part in self._parts if part.name == "mix"), None)
            taken = frozenset(field.key.split(".", 1)[1].rpartition(".")[0] for field in mix.fields) if mix else ()
            self.app.push_screen(BeginMixPart(frozenset(taken)), self._part_begun)

    def _part_begun(self, keys: Mapping[str, str] | None) -> None:
        if keys:
            self.post_message(self.SaveWanted({**self._pending, **keys}))

    def action_cancel(self) -> None:
        """Stops a run."""
        if self.is_preparing:
            self.post_message(self.CancelWanted())

    def _refused(self) -> bool:
        if self.refusal:
            self._say(Content(display_line(self.refusal, limit=300)), "-failed")
        return bool(self.refusal)

    # Drawing

    def _show_parts(self) -> None:
        parts = ((LAST_RUN,) if self._report else ()) + in_order(self._parts, self._pending)
        touched: dict[str, int] = {}
        if self._report:
            touched = touched_by_step(self._report) | {LAST_RUN.name: self._report.examples}
        self.query_one(RecipeParts).show(parts, self._pending, touched)

    def _show_part(self) -> None:
        part = self.query_one(RecipeParts).part
        if part is None or part.name == self._shown_part:
            return
        self._shown_part = part.name
        is_report = part.name == LAST_RUN.name
        self.set_class(is_report, "-report")
        if is_report and (report := self._report) is not None:
            titles = {part.name: part.title for part in self._parts}

            packing = self._packing

            def lines(width: int) -> Sequence[StyledLine]:
                return report_lines(report, titles, width, packing)

            self.query_one("#recipe-report", StyledLines).show(lines)
        else:
            form = self.query_one(PartForm)
            show = partial(form.show, part, self.pending, self._record_fields)
            self.run_worker(cast("WorkType[None]", show), group="recipe-form", exclusive=True)
            self._preview_soon()

    def _tell_state(self) -> None:
        if self.is_preparing:
            return
        if self._pending:
            changed = figures.count(len(self._pending), "change")
            words = Content.assemble((f"{changed} not saved", "$accent"), "  ·  r runs with them, ctrl+s saves")
        elif self._report is None:
            words = Content("Not prepared yet  ·  r runs the recipe on all records")
        else:
            words = Content(
                f"Last run: {figures.count(self._report.records, 'record')} {GLYPHS.arrow} "
                f"{figures.count(self._report.examples, 'example')}  ·  r runs again"
            )
        self._say(words, "")

    def _say(self, words: Content, css_class: str) -> None:
        state = self.query_one("#prepare-state", Static)
        state.set_classes(css_class)
        state.update(words)

    def _preview_title(self, words: str, *, failed: bool) -> None:
        title = self.query_one("#preview-title", Static)
        title.set_class(failed, "-failed")
        title.update(Content(display(words, limit=600)))
