"""Examples written anew with another template: three texts, the records' fields, and live what becomes of some."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from textual import on, work
from textual.containers import HorizontalGroup
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static, TextArea

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.selections import Selection
from webtune_tui.services.editing import EditingService
from webtune_tui.services.studio import FieldOffer, StudioService
from webtune_tui.tui.modals.bulk_form import BulkForm
from webtune_tui.tui.presentation.template_forms import PARTS
from webtune_tui.tui.widgets.field_list import FieldList
from webtune_tui.tui.widgets.row_view import RowView
from webtune_tui.tui.widgets.template_area import TemplateArea

_OFFERED: Mapping[str, str] = {
    "system": "Who the model is. May stay empty.",
    "user": "The prompt, such as: What is {title}?",
    "assistant": "The answer, such as: {description}",
}


class RetemplateForm(BulkForm):
    """Answers the operation with the template as it was written; ``texts`` are those to begin with."""

    APPLY: ClassVar[str] = "Apply (ctrl+s)"  # enter begins another line of a text
    DEFAULT_CSS: ClassVar[str] = """
    RetemplateForm .bulk-field { height: auto; }
    RetemplateForm .bulk-label { width: 11; }
    RetemplateForm TemplateArea { width: 1fr; height: auto; min-height: 1; max-height: 4; background: $panel; }
    RetemplateForm TemplateArea, RetemplateForm TemplateArea:focus { padding: 0 1; border: none; }
    RetemplateForm TemplateArea:focus { background: $block-cursor-blurred-background; }
    RetemplateForm #bulk-names { height: 5; display: none; border-top: hkey $border-blurred; }
    RetemplateForm.-naming #bulk-names { display: block; }
    RetemplateForm.-naming #bulk-samples { height: 9; }
    RetemplateForm #bulk-preview { margin-top: 0; }
    """

    def __init__(
        self,
        title: str,
        selection: Selection,
        told: str,
        editing: EditingService,
        studio: StudioService,
        texts: Mapping[str, str],
    ) -> None:
        super().__init__("retemplate", title, selection, told, editing)
        self._studio = studio
        self._texts = texts
        self._last = "user"

    def compose_fields(self) -> Iterator[Widget]:
        """The three texts, and the fields that are offered while one is named."""
        for part in PARTS:
            yield HorizontalGroup(
                Static(Content(part.capitalize()), classes="bulk-label", markup=False),
                TemplateArea(self._texts.get(part, ""), part=part, placeholder=_OFFERED[part]),
                classes="bulk-field",
            )
        yield FieldList(id="bulk-names")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#studio-user", TemplateArea).focus()
        self._load_fields()

    @work(group="bulk-fields", exit_on_error=False)
    async def _load_fields(self) -> None:
        try:
            found: Sequence[FieldOffer] = await self._studio.fields()
        except WebtuneError:  # the texts can be written without offers; what can't be read is told by the preview
            return
        self.query_one(FieldList).show(found)

    @property
    def values(self) -> dict[str, Any]:
        """The texts as they stand."""
        return {area.part: area.text.strip("\n") for area in self.query(TemplateArea)}

    @on(TextArea.Changed)
    def _text_typed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.typed()

    # Fields are offered as soon as an open brace is typed

    @on(TemplateArea.Naming)
    def _naming(self, event: TemplateArea.Naming) -> None:
        event.stop()
        self._last = event.area.part
        listed = self.query_one(FieldList)
        listed.narrow(event.typed or "")
        is_offered = event.typed is not None and listed.row_count > 0
        for area in self.query(TemplateArea):
            area.is_offered = is_offered and area is event.area
        self.set_class(is_offered, "-naming")

    @on(TemplateArea.Moved)
    def _other_field(self, event: TemplateArea.Moved) -> None:
        event.stop()
        self.query_one(FieldList).cursor += event.rows

    @on(TemplateArea.Taken)
    def _field_taken(self, event: TemplateArea.Taken) -> None:
        event.stop()
        self._put_in(event.area)

    @on(RowView.Chosen, "#bulk-names")
    def _field_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        self._put_in(self.query_one(f"#studio-{self._last}", TemplateArea))

    def _put_in(self, area: TemplateArea) -> None:
        field = self.query_one(FieldList).current
        if field is not None:
            area.focus()
            area.put_in(field.path)
