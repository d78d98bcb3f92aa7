"""The template studio: the template at the left, real rows at the right that change while one types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import DescendantFocus
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static, TextArea

from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.pipeline.template_check import TemplateProblem, problems
from webtune_tui.services.studio import CHOICES, Choice, FieldOffer, StudioPreview
from webtune_tui.tui.presentation.studio_rows import studio_lines, studio_title
from webtune_tui.tui.presentation.template_forms import PARTS, TemplateForm, changed_keys, with_new, without
from webtune_tui.tui.presentation.text_layout import StyledLine
from webtune_tui.tui.widgets.choice_bar import ChoiceBar
from webtune_tui.tui.widgets.field_list import FieldList
from webtune_tui.tui.widgets.row_view import RowView
from webtune_tui.tui.widgets.styled_lines import StyledLines
from webtune_tui.tui.widgets.template_area import TemplateArea

_PREVIEW_SECONDS = 0.15
_WORDS: Mapping[Choice, str] = {
    "random": "F2 random",
    "shortest": "F3 shortest",
    "longest": "F4 longest",
    "worst": "F5 worst",
}
_OFFERED = {
    "system": "Who the model is. May stay empty.",
    "user": "The question, such as: Describe {title}.",
    "assistant": "The answer to learn, such as: {description}",
}


class StudioRows(StyledLines):
    """The rows; enter shows their texts whole."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "whole", "Whole texts", show=False),
    ]

    def action_whole(self) -> None:
        """Shows the texts whole, or their beginnings again."""
        self.post_message(self.Opened())

    class Opened(Message):
        """The texts are wanted whole, or short again."""


class TemplateStudio(Horizontal):
    """Changes one template. It asks; the screen does the work."""

    DEFAULT_CSS = """
    TemplateStudio { height: 1fr; }
    TemplateStudio #studio-left { width: 42%; max-width: 84; height: 1fr; padding: 0 1 0 0; border-right: vkey $border-blurred; }
    TemplateStudio #studio-several { height: 1; display: none; padding: 0 0 0 1; }
    TemplateStudio.-several #studio-several { display: block; }
    TemplateStudio #studio-weight-label { width: 8; color: $text-muted; }
    TemplateStudio #studio-weight { width: 7; height: 1; border: none; padding: 0 1; background: $surface; }
    TemplateStudio #studio-texts { height: auto; max-height: 70%; scrollbar-size-vertical: 1; padding: 0 0 0 1; }
    TemplateStudio .studio-label { height: 1; color: $text-muted; text-style: bold; }
    TemplateStudio #studio-problem { height: auto; max-height: 4; color: $text-muted; padding: 0 1; }
    TemplateStudio #studio-problem.-error { color: $error; }
    TemplateStudio #studio-problem.-care { color: $warning; }
    TemplateStudio #studio-fields-title { height: 1; color: $text-muted; text-style: bold; padding: 0 1; margin-top: 1; }
    TemplateStudio #studio-fields { height: 1fr; min-height: 3; }
    TemplateStudio #studio-right { width: 1fr; height: 1fr; padding: 0 0 0 1; }
    TemplateStudio #studio-rows-title { height: 1; color: $text-muted; text-style: bold; text-wrap: nowrap; text-overflow: ellipsis; }
    TemplateStudio #studio-rows-title.-failed { color: $error; text-style: none; }
    TemplateStudio #studio-rows { height: 1fr; }
    TemplateStudio.-stacked { layout: vertical; }
    TemplateStudio.-stacked #studio-left { width: 1fr; max-width: 100%; height: auto; border-right: none; padding: 0; }
    TemplateStudio.-stacked #studio-texts { max-height: 8; }
    TemplateStudio.-stacked #studio-problem { height: 1; }
    TemplateStudio.-stacked #studio-right { height: 1fr; width: 1fr; }
    TemplateStudio.-stacked #studio-fields-title { display: none; }
    TemplateStudio.-stacked #studio-fields { display: none; height: 4; min-height: 4; }
    TemplateStudio.-stacked.-naming #studio-fields { display: block; }
    """  # noqa: E501 - a rule a line

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", priority=True),
        # a text field has keys of its own for F6 and F7
        Binding("f2", "choose('random')", "Random", show=False, priority=True),
        Binding("f3", "choose('shortest')", "Shortest", show=False, priority=True),
        Binding("f4", "choose('longest')", "Longest", show=False, priority=True),
        Binding("f5", "choose('worst')", "Worst", show=False, priority=True),
        Binding("f6", "whole", "Whole texts", show=False, priority=True),
        Binding("f7", "add", "New template", show=False, priority=True),
        Binding("f8", "remove", "Remove template", show=False, priority=True),
        Binding("f9", "next", "Next template", show=False, priority=True),
        Binding("ctrl+t", "begin", "Begin", show=False),
        Binding("escape", "leave", "Back"),
    ]

    class PreviewWanted(Message):
        """The person paused: show what these texts would make of the rows."""

    class ChoiceWanted(Message):
        """Other rows are wanted; the same choice again draws others by chance."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

    class SaveWanted(Message):
        """Write the texts to the recipe."""

    class LeaveWanted(Message):
        """The person leaves; the screen asks where something is not saved."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._forms = [TemplateForm()]
        self._saved = [TemplateForm()]
        self._place = 0
        self._fields: Sequence[FieldOffer] = ()
        self._preview: StudioPreview | None = None
        self._pause: Timer | None = None
        self._is_whole = False
        self._last_area = "user"
        self.refusal = ""

    def compose(self) -> ComposeResult:
        with Vertical(id="studio-left"):
            with Horizontal(id="studio-several"):
                yield ChoiceBar([("0", "")], id="studio-names")
                yield Static("weight", id="studio-weight-label", markup=False)
                yield Input("1", id="studio-weight", compact=True)
            with VerticalScroll(id="studio-texts", can_focus=False):
                for part in PARTS:
                    yield Static(part.capitalize(), classes="studio-label", markup=False)
                    yield TemplateArea("", part=part, placeholder=_OFFERED[part])
            yield Static("", id="studio-problem", markup=False)
            yield Static("Fields  ·  { offers them, enter puts one in", id="studio-fields-title", markup=False)
            yield FieldList(id="studio-fields")
        with Vertical(id="studio-right"):
            yield ChoiceBar([(one, _WORDS[one]) for one in CHOICES], id="studio-choices")
            yield Static("", id="studio-rows-title", markup=False)
            yield StudioRows(id="studio-rows")

    def on_resize(self) -> None:
        """One above the other where there is no room beside."""
        self.set_class(self.size.width < 100, "-stacked")
        self._show_rows()

    # What the screen shows here

    @property
    def texts(self) -> dict[str, str]:
        """The template as it stands: part -> text."""
        return {area.part: area.text for area in self._areas}

    @property
    def assignments(self) -> dict[str, str]:
        """What differs from the recipe, as keys of it."""
        return changed_keys(self._saved, self._current_forms())

    @property
    def is_changed(self) -> bool:
        """Whether something is not saved."""
        return bool(self.assignments)

    @property
    def choice(self) -> Choice:
        """How the rows are chosen."""
        value: Choice = self.query_one("#studio-choices", ChoiceBar).value  # type: ignore[assignment]  # its choices are those
        return value

    def open(self, forms: Sequence[TemplateForm]) -> None:
        """Shows the recipe's templates; what was typed before is gone."""
        self._saved = list(forms)
        self._take_forms(forms, 0)

    def _take_forms(self, forms: Sequence[TemplateForm], place: int) -> None:
        self._forms, self._place = list(forms), place
        form = self._forms[place]
        with self.prevent(TextArea.Changed, Input.Changed, ChoiceBar.Chosen):
            for area in self._areas:
                area.load_text(form.texts[area.part])
                area.move_cursor(area.document.end)
            self.query_one("#studio-weight", Input).value = form.weight
            names = self.query_one("#studio-names", ChoiceBar)
            names.set_choices([(str(number), one.name) for number, one in enumerate(self._forms)])
            names.take(str(place))
        self.set_class(len(forms) > 1, "-several")
        self._tell_state()

    def _current_forms(self) -> list[TemplateForm]:
        """The templates with what stands in the fields now."""
        form = self._forms[self._place]
        weight = self.query_one("#studio-weight", Input).value.strip() or "1"
        return [
            replace(form, texts=self.texts, weight=weight) if number == self._place else one
            for number, one in enumerate(self._forms)
        ]

    def show_fields(self, fields: Sequence[FieldOffer]) -> None:
        """Takes the fields of the records."""
        self._fields = fields
        self.query_one(FieldList).show(fields)
        self._tell_state()

    def show_preview(self, preview: StudioPreview) -> None:
        """Shows what the template makes of the rows."""
        self._preview = preview
        self._title(studio_title(preview, self.choice), failed=False)
        self._show_rows()

    def show_failure(self, words: str) -> None:
        """Says why the template can't be used as it stands; the rows before stay."""
        self._title(words, failed=True)

    def saved(self) -> None:
        """The texts stand in the recipe."""
        self._forms = self._saved = self._current_forms()
        self._tell_state()

    def focus_texts(self) -> None:
        """The keys go to the text in which one typed last."""
        self.query_one(f"#studio-{self._last_area}").focus()

    # The person's changes

    @property
    def _areas(self) -> list[TemplateArea]:
        return list(self.query(TemplateArea))

    @on(TextArea.Changed)
    def _typed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._tell_state()
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(_PREVIEW_SECONDS, self._want_preview)

    def _want_preview(self) -> None:
        if not any(one.is_error for one in self._problems()):
            self.post_message(self.PreviewWanted())

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Notes where one types."""
        if isinstance(event.widget, TemplateArea):
            self._last_area = event.widget.part
        self._offer(None)

    @on(TemplateArea.Naming)
    def _naming(self, event: TemplateArea.Naming) -> None:
        event.stop()
        self._offer(event.typed, event.area)

    def _offer(self, typed: str | None, area: TemplateArea | None = None) -> None:
        self.query_one(FieldList).narrow(typed or "")
        is_offered = typed is not None and self.query_one(FieldList).row_count > 0
        for one in self._areas:
            one.is_offered = is_offered and one is area
        self.set_class(is_offered, "-naming")
        self._tell_state()

    @on(TemplateArea.Moved)
    def _other_field(self, event: TemplateArea.Moved) -> None:
        event.stop()
        self.query_one(FieldList).cursor += event.rows
        self._tell_state()

    @on(TemplateArea.Taken)
    def _field_taken(self, event: TemplateArea.Taken) -> None:
        event.stop()
        self._put_in(event.area)

    @on(RowView.Chosen, "#studio-fields")
    def _field_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        self._put_in(self.query_one(f"#studio-{self._last_area}", TemplateArea))

    @on(RowView.Moved, "#studio-fields")
    def _field_moved(self, event: RowView.Moved) -> None:
        event.stop()

    def _put_in(self, area: TemplateArea) -> None:
        field = self.query_one(FieldList).current
        if field is not None:
            area.focus()
            area.put_in(field.path)

    @on(Input.Changed, "#studio-weight")
    def _weight_typed(self, event: Input.Changed) -> None:
        event.stop()
        self._tell_state()

    @on(ChoiceBar.Chosen, "#studio-names")
    def _other_template(self, event: ChoiceBar.Chosen) -> None:
        event.stop()
        self._turn_to(self._current_forms(), int(event.name))

    def _turn_to(self, forms: Sequence[TemplateForm], place: int) -> None:
        self._take_forms(forms, place)
        self.post_message(self.PreviewWanted())

    def action_add(self) -> None:
        """One more template, for variety; each record keeps to one by weight."""
        forms = self._current_forms()
        added = with_new(forms, forms[self._place])
        self._turn_to(added, len(added) - 1)

    def action_remove(self) -> None:
        """Takes the template in sight out."""
        if len(self._forms) == 1:
            self._say("It is the only template; empty texts leave the rows to webtune", "-care")
            return
        left = without(self._current_forms(), self._place)
        self._turn_to(left, min(self._place, len(left) - 1))

    def action_next(self) -> None:
        """Turns to the next template."""
        if len(self._forms) == 1:
            self._say("There is one template; F7 adds another", "-care")
            return
        self._turn_to(self._current_forms(), (self._place + 1) % len(self._forms))

    @on(ChoiceBar.Chosen, "#studio-choices")
    def _choice_taken(self, event: ChoiceBar.Chosen) -> None:
        event.stop()
        self.post_message(self.ChoiceWanted(self.choice))

    def action_choose(self, name: str) -> None:
        """Shows other rows."""
        bar = self.query_one("#studio-choices", ChoiceBar)
        if bar.value == name:
            self.post_message(self.ChoiceWanted(self.choice))
        bar.take(name)

    @on(StudioRows.Opened)
    def _rows_opened(self, event: StudioRows.Opened) -> None:
        event.stop()
        self.action_whole()

    def action_whole(self) -> None:
        """Shows the texts whole, or their beginnings again."""
        self._is_whole = not self._is_whole
        self._show_rows()

    def action_begin(self) -> None:
        """Begins a template with the fields that look like a title and a text, where there is none yet."""
        if any(self.texts.values()):
            self._say("There is a template already", "-care")
            return
        names = [one.path for one in self._fields]
        title = next((one for one in _TITLES if one in names), None)
        text = max((one for one in self._fields if _is_text(one)), key=lambda one: one.words, default=None)
        if title is None or text is None:
            self._say("No fields of the records look like a title and a text", "-care")
            return
        for part, words in (("user", f"Write about {{{title}}}"), ("assistant", f"{{{text.path}}}")):
            area = self.query_one(f"#studio-{part}", TemplateArea)
            area.text = words
            area.move_cursor(area.document.end)

    def action_save(self) -> None:
        """Writes the texts to the recipe."""
        if self.refusal:
            self._say(self.refusal, "-error")
        elif any(one.is_error for one in self._problems()):
            self._say("First mend what can't be read", "-error")
        elif self.is_changed:
            self.post_message(self.SaveWanted())

    def action_leave(self) -> None:
        """Leaves for the recipe."""
        self.post_message(self.LeaveWanted())

    # Drawing

    def _problems(self) -> list[TemplateProblem]:
        known = [one.path for one in self._fields]
        return [problem for area in self._areas for problem in problems(area.part, area.text, known)]

    def _tell_state(self) -> None:
        found = sorted(self._problems(), key=lambda one: not one.is_error)
        offered = self.query_one(FieldList).current if self.has_class("-naming") else None
        if offered is not None:
            self._say(f"enter puts {{{offered.path}}} in, up and down choose another, esc leaves it", "")
        elif found:
            first = found[0]
            more = f"  (and {len(found) - 1} more)" if len(found) > 1 else ""
            place = f"{first.part} {first.line}:{first.column}  "
            self._say(place + first.message + more, "-error" if first.is_error else "-care")
        elif self.is_changed:
            self._say("Not saved  ·  ctrl+s saves, esc leaves", "")
        elif not any(self.texts.values()):
            self._say("No template of your own: webtune recognises the rows. ctrl+t begins one", "")
        else:
            self._say("Saved  ·  F7 adds a template  ·  F6 shows the texts whole", "")

    def _say(self, words: str, css_class: str) -> None:
        problem = self.query_one("#studio-problem", Static)
        problem.set_classes(css_class)
        problem.update(Content(display_line(words, limit=400)))

    def _title(self, words: str, *, failed: bool) -> None:
        title = self.query_one("#studio-rows-title", Static)
        title.set_class(failed, "-failed")
        title.update(Content(display(words, limit=400)))

    def _show_rows(self) -> None:
        if self._preview is None:
            return
        rows = self._preview.rows
        each = 0 if self._is_whole else 2 if self.has_class("-stacked") else 5

        def lines(width: int) -> Sequence[StyledLine]:
            return studio_lines(rows, width, lines_each=each)

        self.query_one(StudioRows).show(lines, keep_place=True)


_TITLES = ("title", "name", "product_name", "headline", "question", "instruction", "subject")
_OFTEN = 0.5
_SENTENCE = 8  # words


def _is_text(field: FieldOffer) -> bool:
    """Whether a field of its own, not one of a list, mostly holds sentences."""
    return field.share >= _OFTEN and field.words >= _SENTENCE and "[]" not in field.path
