"""The field for a question: enter sends, shift+enter or ctrl+j makes a new line."""

from __future__ import annotations

from textual import events
from textual.message import Message

from webtune_tui.tui.widgets.safe_text_area import SafeTextArea


class PromptArea(SafeTextArea):
    """Grows with what is typed, up to a few lines. What is typed stays until it was sent."""

    class Sent(Message):
        """The person wants this asked."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.post_message(self.Sent(self.text))
        elif event.key in ("shift+enter", "ctrl+j"):
            event.stop()
            event.prevent_default()
            self.insert("\n")
        else:
            await super()._on_key(event)
