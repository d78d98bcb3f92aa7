"""Copying from an example: clean text, and JSON that keeps every character."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from webtune_tui.domain.clean_copy import clean_copy
from webtune_tui.domain.examples import Example, chat_row
from webtune_tui.domain.safe_json import safe_json
from webtune_tui.tui.dataset.part import DatasetPart
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.examples import ROLE_TITLES

_LARGE = 70_000  # bytes; several terminals take no more through the clipboard sequence


class Copying(DatasetPart):
    """Does what ``y`` asks for."""

    ONLY_IN_TABLE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "Copy", show=False, tooltip="Copy a message, the answer or the JSON of the example"),
    ]

    def action_copy(self) -> None:
        """Asks what to copy of the example under the cursor, copies it and says so."""
        if (row := self._screen.table.current) is not None:
            self._screen.launch(partial(self._copy, row.example_id), "copy")

    async def _copy(self, example_id: str) -> None:
        from webtune_tui.tui.modals.copy_what import JSON, CopyWhat  # dialogues load when they are first needed

        screen = self._screen
        example = await screen.services.curate.example(example_id)
        chosen = await screen.webtune.push_screen_wait(CopyWhat(example.messages))
        if chosen is None:
            return
        if chosen == JSON:
            text, what, note = await asyncio.to_thread(_json_of, example), "JSON of the example", ""
        else:
            message = example.messages[int(chosen)]
            clean = await asyncio.to_thread(clean_copy, message.content)
            role = ROLE_TITLES.get(message.role, "message").lower()
            text, what, note = clean.text, "answer" if role == "assistant" else f"{role} message", clean.note
        screen.app.copy_to_clipboard(text)
        words = [f"Copied the {what}, {figures.count(len(text), 'character')}", *([note] if note else [])]
        if len(text.encode("utf-8", "replace")) > _LARGE:
            words.append("so long a text is not taken by every terminal")
        screen.say("  ·  ".join(words), "-care" if len(words) > 1 else "-good")


def _json_of(example: Example) -> str:
    return safe_json(chat_row(example.messages))
