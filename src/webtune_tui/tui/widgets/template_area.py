"""A text field of a template: the records' fields are offered as soon as ``{`` is typed."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.message import Message
from textual.widgets import TextArea

from webtune_tui.pipeline.template_check import open_place
from webtune_tui.tui.widgets.safe_text_area import SafeTextArea


class TemplateArea(SafeTextArea):
    """One text of a template. While a field's name is typed, the arrow keys and enter choose among those offered."""

    CHOOSING: ClassVar[dict[str, int]] = {"up": -1, "down": 1, "pageup": -5, "pagedown": 5}

    class Naming(Message):
        """A field's name is being typed: what stands there so far, or ``None`` where none is."""

        def __init__(self, area: TemplateArea, typed: str | None) -> None:
            super().__init__()
            self.area = area
            self.typed = typed

    class Moved(Message):
        """Another of the fields that are offered is wanted."""

        def __init__(self, rows: int) -> None:
            super().__init__()
            self.rows = rows

    class Taken(Message):
        """The field that is offered first, or under the cursor, is wanted."""

        def __init__(self, area: TemplateArea) -> None:
            super().__init__()
            self.area = area

    def __init__(self, text: str, *, part: str, placeholder: str) -> None:
        super().__init__(text, id=f"studio-{part}", tab_behavior="focus", placeholder=placeholder, compact=True)
        self.part = part
        self._typed: str | None = None
        self.is_offered = False

    def put_in(self, path: str) -> None:
        """Writes a field in the place of what was typed of it, or at the cursor."""
        row, column = self.cursor_location
        typed = open_place(self._line[:column])
        closing = "" if self._line[column : column + 1] == "}" else "}"
        start = column - len(typed) if typed is not None else column
        lead = "" if typed is not None else "{"
        self.replace(f"{lead}{path}{closing}", (row, start), (row, column))
        if not closing:
            self.cursor_location = (row, start + len(path) + 1)
        self._tell()

    def leave_naming(self) -> None:
        """Offers no more fields until something else is typed."""
        self._typed = None
        self.is_offered = False
        self.post_message(self.Naming(self, None))

    async def _on_key(self, event: events.Key) -> None:
        if self.is_offered:
            if event.key in self.CHOOSING:
                self._stop(event)
                self.post_message(self.Moved(self.CHOOSING[event.key]))
                return
            if event.key in ("enter", "tab"):
                self._stop(event)
                self.post_message(self.Taken(self))
                return
            if event.key == "escape":
                self._stop(event)
                self.leave_naming()
                return
        await super()._on_key(event)

    @staticmethod
    def _stop(event: events.Key) -> None:
        event.stop()
        event.prevent_default()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Offers what fits what is typed."""
        self._tell()

    def _tell(self) -> None:
        typed = open_place(self._line[: self.cursor_location[1]]) if self.has_focus else None
        if typed != self._typed:
            self._typed = typed
            self.post_message(self.Naming(self, typed))

    @property
    def _line(self) -> str:
        return self.document.get_line(self.cursor_location[0])
