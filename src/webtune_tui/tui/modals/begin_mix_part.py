"""Begins a part of the mix: what belongs to it, and how much of it is taken."""

from __future__ import annotations

from collections.abc import Mapping

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Input, Static

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.options import convert, options_of
from webtune_tui.pipeline.mix import MixPart
from webtune_tui.tui import error_display
from webtune_tui.tui.modals.dialog import Dialog, shown

_WORDS = {"name": "such as general", "match": "general*.jsonl, *.example.com", "share": "0.3", "cap": "no limit"}
_WHY = (
    "An example belongs to the first part that matches its source, domain or file; * matches all that are left. "
    "Examples of no part all stay."
)


class BeginMixPart(Dialog[Mapping[str, str]]):
    """Answers the keys of the recipe that make the part, as texts. ``taken`` are the names that there are."""

    DEFAULT_CSS = """
    BeginMixPart .mix-why { color: $text-muted; margin-bottom: 1; }
    BeginMixPart .mix-row { height: 1; }
    BeginMixPart .mix-name { width: 12; color: $text-muted; }
    BeginMixPart Input { width: 1fr; }
    BeginMixPart #mix-fault { color: $text-warning; height: auto; min-height: 1; }
    """

    def __init__(self, taken: frozenset[str]) -> None:
        super().__init__("A part of the mix")
        self._taken = taken
        self._options = {one.name: one for one in options_of(MixPart) if one.name in _WORDS}

    def compose_content(self) -> ComposeResult:
        yield Static(_WHY, classes="mix-why", markup=False)
        for name, words in _WORDS.items():
            yield Horizontal(
                Static(self._options[name].label, classes="mix-name", markup=False),
                Input(placeholder=words, id=f"mix-{name}", compact=True),
                classes="mix-row",
            )
        yield Static("", id="mix-fault", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Cancel", id="mix-cancel")
        yield Button("Begin", id="mix-go", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#mix-name").focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#mix-go")
    def answer(self) -> None:
        """Ends with the part, or says what does not fit."""
        typed = {name: self.query_one(f"#mix-{name}", Input).value.strip() for name in _WORDS}
        try:
            self.dismiss(self._keys(typed.pop("name"), typed))
        except UsageError as error:
            self.query_one("#mix-fault", Static).update(shown(error_display.words(error)))

    def _keys(self, name: str, typed: Mapping[str, str]) -> Mapping[str, str]:
        if not name:
            raise UsageError("The part has no name", hint="Such as general.")
        if name in self._taken:
            raise UsageError(f"There is a part {name!r}", hint="Its fields stand in the form.")
        for key, text in typed.items():
            if text:
                convert(self._options[key], text, where=self._options[key].label)
        told = {**typed, "match": typed["match"] or "*"}
        return {f"mix.{name}.{key}": text for key, text in told.items() if text}

    @on(Button.Pressed, "#mix-cancel")
    def cancel(self) -> None:
        """Ends without an answer."""
        self.dismiss(None)
