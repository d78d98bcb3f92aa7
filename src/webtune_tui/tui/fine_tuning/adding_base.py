"""Another base model for the form: which one is asked, then it is downloaded."""

from __future__ import annotations

from functools import partial

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.fine_tuning.filling_in import FillingIn
from webtune_tui.tui.fine_tuning.frame import FineTuneFrame
from webtune_tui.tui.fine_tuning.part import FineTunePart
from webtune_tui.tui.modals.add_base import AddBase
from webtune_tui.tui.parts import heard
from webtune_tui.tui.widgets.train_form import TrainForm


class AddingBase(FineTunePart):
    """Adds a base model and chooses it in the form."""

    def __init__(self, screen: FineTuneFrame, filling_in: FillingIn) -> None:
        super().__init__(screen)
        self._filling_in = filling_in

    @heard(TrainForm.AddBaseWanted)
    def _add_base_wanted(self, event: TrainForm.AddBaseWanted) -> None:
        """Asks which model, then downloads it with a progress bar in the form."""
        self._screen.launch(partial(self._ask_and_add, event), "ask-base")

    async def _ask_and_add(self, event: TrainForm.AddBaseWanted) -> None:
        screen = self._screen
        model = await screen.webtune.push_screen_wait(AddBase(event.proposal))
        if not model:
            return
        screen.follow(
            screen.services.train.add_base(model),
            self._filling_in.show_progress,
            group="add-base",
            label=f"Adding {display_line(model, limit=40)}",
            survives=False,
            ended=partial(self._choose, model),
        )

    def _choose(self, model: str) -> None:
        for form in self._screen.query(TrainForm):
            form.show_progress("", None, None)
            form.load_bases(choose=model)
