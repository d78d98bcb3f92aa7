"""One line under the header for what concerns the whole app: a read-only workspace, unfinished work."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.content import Content
from textual.widgets import Static

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.presentation.figures import count
from webtune_tui.tui.presentation.glyphs import GLYPHS

if TYPE_CHECKING:
    from webtune_tui.tui.app import WebtuneApp


class Notices(Static):
    """Hidden while there is nothing to say. A click does what the key does."""

    DEFAULT_CSS = """
    Notices { height: 1; width: 100%; padding: 0 1; display: none; text-wrap: nowrap; text-overflow: ellipsis; }
    Notices.-read-only { display: block; background: $warning 25%; }
    Notices.-unfinished { display: block; background: $accent 18%; }
    """

    def __init__(self) -> None:
        super().__init__("", markup=False)

    def on_mount(self) -> None:
        for name in ("place", "overview", "is_notice_hidden"):
            self.watch(self.app, name, self._show, init=False)
        self._show()

    async def on_click(self) -> None:
        is_read_only = cast("WebtuneApp", self.app).place.is_read_only
        await self.app.run_action("app.take_over" if is_read_only else "app.show_unfinished")

    def _show(self) -> None:
        app = cast("WebtuneApp", self.app)
        unfinished = app.overview.unfinished if app.overview and not app.is_notice_hidden else ()
        self.set_class(app.place.is_read_only, "-read-only")
        self.set_class(bool(unfinished) and not app.place.is_read_only, "-unfinished")
        if app.place.is_read_only:
            self.update(
                Content.assemble(("read-only  ", "bold $warning"), display_line(app.place.read_only_reason, limit=200))
            )
        elif unfinished:
            self.update(
                Content.assemble(
                    (f"{GLYPHS.attention} {count(len(unfinished), 'thing')} unfinished  ", "bold $accent"),
                    (" u ", "bold $accent on $panel"),  # before the words, which may be cut
                    (" opens  ", "$text-muted"),
                    display_line(unfinished[0], limit=120),
                )
            )
