"""The text field: what is typed quickly arrives in order."""

from __future__ import annotations

from textual import events
from textual.app import App, ComposeResult

from webtune_tui.tui.widgets.safe_text_area import SafeTextArea


class Writing(App[None]):
    """A text field alone."""

    def compose(self) -> ComposeResult:
        yield SafeTextArea("Hi {nosuch} x")


async def test_keys_that_come_at_once_work_in_their_order() -> None:
    app = Writing()
    async with app.run_test() as pilot:
        area = app.query_one(SafeTextArea)
        area.move_cursor(area.document.end)
        for key, character in [("backspace", "\x7f")] * 16 + [(one, one) for one in "abcd"]:
            app.post_message(events.Key(key, character))
        for key, character in (("left", None), ("left", None), ("x", "x"), ("delete", None), ("end", None), ("y", "y")):
            app.post_message(events.Key(key, character))
        await pilot.pause()
        assert area.text == "abxdy"
