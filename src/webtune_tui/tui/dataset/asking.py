"""Questions by a model, for texts that have none: the dialogue, and the run of the recipe that uses them."""

from __future__ import annotations

from collections.abc import Callable

from webtune_tui.tui.dataset.frame import DatasetFrame


class Asking:
    """Does what ``Q`` asks for; ``prepare`` opens the recipe and runs it."""

    def __init__(self, screen: DatasetFrame, *, prepare: Callable[[], None]) -> None:
        self._screen = screen
        self._prepare = prepare

    def open(self) -> None:
        """Shows what would be asked and what it costs."""
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
            self._prepare()
