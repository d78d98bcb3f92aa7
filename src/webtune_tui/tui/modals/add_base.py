"""Asks which base model to add to this machine."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.widgets import Button, Input, Static

from webtune_tui.providers.base import BaseModel
from webtune_tui.tui.modals.dialog import Dialog, shown
from webtune_tui.tui.presentation.jobs import base_facts

WORDS = (
    "A name from the list, a model id of the Hugging Face Hub such as "
    "HuggingFaceTB/SmolLM2-360M-Instruct, a folder with safetensors, or a GGUF file. "
    "It is downloaded once and kept for all workspaces."
)


class AddBase(Dialog[str]):
    """Answers the name of the model, or nothing."""

    DEFAULT_CSS = """
    AddBase #add-base-facts { color: $text-muted; margin-top: 1; }
    AddBase Input { margin-top: 1; }
    """

    def __init__(self, proposal: BaseModel | None) -> None:
        super().__init__("Add a base model")
        self.proposal = proposal

    def compose_content(self) -> ComposeResult:
        yield Static(shown(WORDS), markup=False)
        yield Input(self.proposal.model if self.proposal else "", placeholder="model", id="add-base-name")
        if self.proposal is not None:
            yield Static(shown(base_facts(self.proposal)), markup=False, id="add-base-facts")

    def compose_buttons(self) -> ComposeResult:
        yield Button("Back", id="add-base-no")
        yield Button("Add", id="add-base-yes", variant="primary")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#add-base-yes")
    def agree(self) -> None:
        """Ends with the name."""
        self.dismiss(self.query_one(Input).value.strip() or None)

    @on(Button.Pressed, "#add-base-no")
    def refuse(self) -> None:
        """Ends without a name."""
        self.dismiss(None)
