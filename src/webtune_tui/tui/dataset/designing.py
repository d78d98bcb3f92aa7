"""The template studio on the screen: rows chosen, previewed while one types, and the template saved."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.services.studio import Choice
from webtune_tui.tui import error_display
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.part import ViewPart
from webtune_tui.tui.dataset.preparing import Preparing
from webtune_tui.tui.parts import heard
from webtune_tui.tui.presentation.template_forms import forms_of
from webtune_tui.tui.widgets.template_studio import TemplateStudio

ROWS = 20


class Designing(ViewPart):
    """Does what the studio asks for. One goes back from it to the recipe."""

    VIEW = "studio"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("T", "studio", "Template", show=False, tooltip="The template studio: write it beside real rows"),
    ]

    def __init__(self, screen: DatasetFrame, preparing: Preparing) -> None:
        super().__init__(screen)
        self._preparing = preparing
        self._chosen: Sequence[int] = ()
        self._draw = 0

    @property
    def studio(self) -> TemplateStudio:
        """The pane."""
        return self._screen.query_one(TemplateStudio)

    def compose(self) -> TemplateStudio:
        """The pane."""
        studio = TemplateStudio(id=self.VIEW, classes="panel")
        studio.border_title = "Template studio"
        return studio

    def focus(self) -> None:
        """Puts the keys into the texts."""
        self.studio.focus_texts()

    async def services_ready(self) -> None:
        """Says why nothing can be saved in a read-only workspace."""
        if self._screen.is_read_only:
            self.studio.refusal = self._screen.webtune.place.read_only_reason

    def action_studio(self) -> None:
        """Shows the recipe's template on real rows."""
        screen = self._screen
        if screen.are_services_open and not screen.is_editing and screen.view != "studio":
            screen.show_view("studio")
            screen.launch(self._open, "studio")

    async def _open(self) -> None:
        services = self._screen.services
        try:
            recipe = await services.prepare.recipe()
        except WebtuneError as error:
            self.studio.show_failure(error_display.words(error))
            return
        self.studio.open(forms_of(recipe))
        self.studio.focus_texts()
        self.studio.show_fields(await services.studio.fields())
        await self._choose(self.studio.choice)

    @heard(TemplateStudio.ChoiceWanted)
    def _choice_wanted(self, event: TemplateStudio.ChoiceWanted) -> None:
        """Shows other rows; the same choice again draws others by chance."""
        self._draw += 1
        self._screen.launch(partial(self._choose, event.choice), "studio-rows")

    async def _choose(self, choice: Choice) -> None:
        try:
            texts = self.studio.texts
            chosen = await self._screen.services.studio.choose(texts, choice, count=ROWS, seed=self._draw)
        except WebtuneError as error:
            self.studio.show_failure(error_display.words(error))
            return
        if chosen is not None:
            self._chosen = chosen
            await self._preview()

    @heard(TemplateStudio.PreviewWanted)
    def _preview_wanted(self) -> None:
        """Shows what the template as it stands makes of the rows."""
        self._screen.launch(self._preview, "studio-rows")

    async def _preview(self) -> None:
        if not self._chosen:
            self.studio.show_failure("No records to try the template on: go to Collect (2)")
            return
        try:
            found = await self._screen.services.studio.preview(self.studio.texts, self._chosen)
        except WebtuneError as error:  # half typed; the words stand above the rows that were good
            self.studio.show_failure(error_display.words(error))
            return
        if found is not None:
            self.studio.show_preview(found)

    @heard(TemplateStudio.SaveWanted)
    def _save_wanted(self) -> None:
        """Writes the template to the recipe."""
        self._screen.queue(self._save, "recipe")

    async def _save(self) -> None:
        await self._screen.services.prepare.set_option(self.studio.assignments)
        self.studio.saved()
        self._screen.say("The template is saved in recipe.toml; p and r prepare with it", "-good")

    @heard(TemplateStudio.LeaveWanted)
    def leave(self) -> None:
        """Goes back; asks where something is not saved."""
        self._screen.queue(self._leave, "studio-leave")

    async def _leave(self) -> None:
        if self.studio.is_changed and not await self._screen.confirm(
            "Leave the template?",
            "What you typed is not saved yet. Ctrl+s saves it in recipe.toml.",
            yes="Discard",
            no="Go on",
            danger=True,
        ):
            return
        await self._screen.services.studio.aclose()
        self._preparing.action_prepare()
