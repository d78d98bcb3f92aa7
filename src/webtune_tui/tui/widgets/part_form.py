"""The options of one part of the recipe as fields; each field has the key that it sets as its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Select, Static

from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.tui.presentation.recipe_form import RecipeField, RecipePart
from webtune_tui.tui.widgets.safe_text_area import SafeTextArea

_NO_FIELDS = "No options. Space turns this step on or off, J and K move it."
_SEVERAL = "The recipe has several templates: T opens them in the studio."
_NO_MIX = "All examples are taken. A mix takes shares by source, domain or file: a begins a part of it."
_MORE_MIX = "a begins another part. A part goes when its fields are empty."


class PartForm(VerticalScroll):
    """Shows the fields of one part; ``pending`` are the changes that are not saved."""

    async def show(self, part: RecipePart, pending: Mapping[str, str], record_fields: Sequence[str]) -> None:
        """Shows a part. ``record_fields`` are named under a template."""
        with self.app.batch_update():
            await self.remove_children()
            await self.mount_all(_widgets(part, pending, record_fields))
        self.scroll_to(y=0, animate=False)


def _widgets(part: RecipePart, pending: Mapping[str, str], record_fields: Sequence[str]) -> Iterator[Widget]:
    if not part.fields:
        words = _NO_FIELDS if part.is_step else _NO_MIX if part.name == "mix" else _SEVERAL
        yield Static(Content(words), classes="field-help", markup=False)
    for field in part.fields:
        value = pending.get(field.key, field.value)
        if field.kind == "text":
            yield Static(Content(field.label), classes="field-label", markup=False)
            yield SafeTextArea(value, name=field.key, tab_behavior="focus", placeholder=Content(field.help))
            continue
        yield Horizontal(
            Static(Content(display_line(field.label, limit=60)), classes="field-label", markup=False),
            _field_widget(field, value),
            classes="field-row",
        )
        if field.help:
            yield Static(Content(display(field.help, limit=400)), classes="field-help", markup=False)
    if part.name == "mix" and part.fields:
        yield Static(Content(_MORE_MIX), classes="field-help", markup=False)
    if part.name == "template" and record_fields:
        names = "  ".join(f"{{{name}}}" for name in record_fields)
        yield Static(Content(display_line(names, limit=1000)), classes="field-names", markup=False)


def _field_widget(field: RecipeField, value: str) -> Widget:
    if field.kind == "bool":
        return Checkbox("", value == "true", name=field.key, compact=True)
    if field.kind == "choice":
        options = [(Content(display_line(choice, limit=60)), choice) for choice in field.choices]
        chosen = value if value in field.choices else Select.NULL
        return Select(options, value=chosen, name=field.key, compact=True, allow_blank=value not in field.choices)
    return Input(value, name=field.key, compact=True)
