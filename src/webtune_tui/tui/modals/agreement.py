"""How far two passes of a review agree, and the examples where they differ."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from webtune_tui.domain.reviews import Review
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation.reviews import agreement_words
from webtune_tui.tui.presentation.text_layout import fit


class AgreementDialog(Dialog[str]):
    """Answers the id of an example to decide on, or ``None``. ``prompts`` are the first words of each by id."""

    DEFAULT_CSS = """
    AgreementDialog > .dialog-box { width: 90; padding: 0 2; }
    AgreementDialog OptionList, AgreementDialog OptionList:focus { height: auto; max-height: 12; background: $surface; }
    AgreementDialog #agreement-words { margin-bottom: 1; }
    AgreementDialog .dialog-buttons { margin-top: 0; }
    """

    def __init__(self, review: Review, prompts: Sequence[tuple[str, str]]) -> None:
        super().__init__("Agreement of two passes")
        self._review = review
        self._prompts = prompts

    def compose_content(self) -> ComposeResult:
        found = self._review.agreement()
        words = agreement_words(found) if found is not None else "There is one pass so far: n begins a second one."
        if self._prompts:
            words += " Enter decides."
        yield Static(Content(words), id="agreement-words", markup=False)
        if self._prompts:
            yield OptionList(*(Option(self._row(*one)) for one in self._prompts), id="agreement-list", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Close", id="agreement-close", compact=True, variant="primary")

    def on_mount(self) -> None:
        if self._prompts:
            self.query_one(OptionList).highlighted = 0

    def _row(self, example_id: str, prompt: str) -> Content:
        first, second = (one.verdicts.get(example_id, "") for one in self._review.passes[-2:])
        decided = self._review.decided.get(example_id)
        return Content.assemble(
            (f" {first:>4} / {second:<4} ", "bold"),
            (f"→ {decided:<5}" if decided else " " * 7, "$success"),
            (fit(display_line(prompt, limit=300), 54), "$text-muted"),
        )

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._prompts[event.option_index][0])

    @on(Button.Pressed)
    def close(self) -> None:
        """Ends with nothing."""
        self.dismiss(None)
