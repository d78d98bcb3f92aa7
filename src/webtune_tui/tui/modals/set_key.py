"""Asks for a key without showing it, and where to keep it."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Input, RadioButton, RadioSet, Static

from webtune_tui.domain.credentials import KeyState, Secret
from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.tui.modals.dialog import Dialog


@dataclass(frozen=True, slots=True)
class NewKey:
    """A typed key and whether it is forgotten when the app ends."""

    secret: Secret
    session_only: bool


class SetKey(Dialog[NewKey]):
    """``keyring_trouble`` says why the keyring can't be used; then only this session is offered first."""

    DEFAULT_CSS = """
    SetKey .set-key-why { color: $text-muted; margin-bottom: 1; }
    SetKey RadioSet { border: none; background: $surface; padding: 0; width: 1fr; margin-top: 1; }
    SetKey RadioSet:focus { border: none; background-tint: $foreground 0%; }
    SetKey RadioButton { background: $surface; width: 1fr; }
    SetKey .set-key-trouble { color: $warning; }
    SetKey .set-key-fault { color: $error; height: 1; }
    """

    def __init__(self, key: KeyState, *, keyring_trouble: str = "") -> None:
        super().__init__(f"Key for {key.title}")
        self.key = key
        self.keyring_trouble = keyring_trouble

    def compose_content(self) -> ComposeResult:
        host = display_line(self.key.host, limit=80)
        yield Static(
            Content(f"It is sent to {host} alone, never shown, and never written to a file."),
            classes="set-key-why",
            markup=False,
        )
        yield Input(password=True, placeholder="Paste or type the key", id="set-key-value", select_on_focus=False)
        yield Static("", classes="set-key-fault", markup=False)
        with RadioSet(id="set-key-place"):
            yield RadioButton("Keep it in the keyring of this system", value=not self.keyring_trouble)
            yield RadioButton("Only until webtune ends", value=bool(self.keyring_trouble))
        if self.keyring_trouble:
            yield Static(Content(display(self.keyring_trouble)), classes="set-key-trouble", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Cancel", id="set-key-cancel")
        yield Button("Keep", id="set-key-keep", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#set-key-value").focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#set-key-keep")
    def keep(self) -> None:
        """Ends with the key, unless the field is empty."""
        field = self.query_one("#set-key-value", Input)
        value = field.value.strip()
        if not value:
            self.query_one(".set-key-fault", Static).update("There is no key in the field yet.")
            field.focus()
            return
        field.value = ""
        self.dismiss(NewKey(Secret(value), self.query_one(RadioSet).pressed_index == 1))

    @on(Button.Pressed, "#set-key-cancel")
    def cancel(self) -> None:
        """Ends without a key."""
        self.dismiss(None)
