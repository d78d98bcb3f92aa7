"""Questions by a model, for texts that have none: the dialogue, and the run of the recipe that uses them."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.part import DatasetPart
from webtune_tui.tui.dataset.preparing import Preparing


class Asking(DatasetPart):
    """Lets a model write the questions of texts that have none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("Q", "questions", "Questions", show=False, tooltip="Let a model write questions that texts answer"),
    ]
    HELP = "Q lets a model write questions that texts answer: counted and priced first, each asked and paid for once."

    def __init__(self, screen: DatasetFrame, preparing: Preparing) -> None:
        super().__init__(screen)
        self._preparing = preparing

    def action_questions(self) -> None:
        """Shows what would be asked and what it costs."""
        if self._screen.version is None:
            self._screen.say("There is no dataset yet: p opens the recipe, r runs it")
        elif not self._screen.is_editing and not self._screen.refuses_editing():
            self._screen.launch(self._open, "questions-dialogue")

    async def _open(self) -> None:
        from webtune_tui.tui.modals.write_questions import WriteQuestions  # dialogues load when they are first needed

        services = self._screen.services
        settings = services.settings
        dialogue = WriteQuestions(
            services.questions,
            services.providers.capabilities(),
            (settings.provider, settings.base_model),
            services.train.bases,
        )
        if await self._screen.webtune.push_screen_wait(dialogue):
            self._preparing.action_prepare()
            self._preparing.run({})
