"""The header: the path with the state of each stage, the next step with its key, and which workspace this is."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.stages import Stage, stages
from webtune_tui.tui.presentation.states import stage_look

if TYPE_CHECKING:
    from webtune_tui.domain.events import Overview
    from webtune_tui.tui.app import WebtuneApp

_SEPARATOR = 2  # cells between two stages


class StageTab(Static):
    """One stage of the path; a click opens its screen."""

    def __init__(self, stage: Stage, is_here: bool) -> None:
        super().__init__(markup=False, id=f"tab-{stage.name}")
        self.stage = stage
        self.set_class(is_here, "-here")

    async def on_click(self, event: events.Click) -> None:
        event.stop()
        await self.app.run_action(f"app.show_stage('{self.stage.name}')")


class PathBar(Widget):
    """Two lines. What a stage holds is told as far as the width allows: all, only here, or symbols alone."""

    DEFAULT_CSS = """
    PathBar { height: 2; width: 100%; background: $panel; }
    PathBar > Horizontal { height: 1; }
    PathBar StageTab { width: auto; padding: 0 1; height: 1; pointer: pointer; }
    PathBar StageTab:hover { background: $block-hover-background; }
    PathBar StageTab.-here { background: $primary; color: $background; text-style: bold; }
    PathBar .path-arrow { width: 1; color: $text-disabled; }
    PathBar #path-second { background: $surface; }
    PathBar #path-next { width: 1fr; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    PathBar #path-place { width: auto; padding: 0 1; max-width: 50%; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, here: str) -> None:
        super().__init__()
        self._here = here

    def compose(self) -> ComposeResult:
        with Horizontal(id="path-first"):
            for number, stage in enumerate(stages()):
                if number:
                    yield Static(GLYPHS.step, classes="path-arrow", markup=False)
                yield StageTab(stage, stage.name == self._here)
        with Horizontal(id="path-second"):
            yield Static("", id="path-next", markup=False)
            yield Static("", id="path-place", markup=False)

    def on_mount(self) -> None:
        self.watch(self.app, "overview", self._show, init=True)
        self.watch(self.app, "place", self._show, init=False)

    def on_resize(self) -> None:
        self._show()

    def _show(self) -> None:
        app = cast("WebtuneApp", self.app)
        self._show_stages(app.overview)
        self.query_one("#path-next", Static).update(self._next(app.overview))
        self.query_one("#path-place", Static).update(self._place(app))

    def _show_stages(self, overview: Overview | None) -> None:
        tabs = list(self.query(StageTab))
        every, here, nothing = frozenset(tab.stage.name for tab in tabs), frozenset({self._here}), frozenset[str]()
        for titles, summaries in ((every, every), (every, here), (every, nothing), (here, nothing)):
            texts = [
                self._tab(tab.stage, overview, tab.stage.name in titles, tab.stage.name in summaries) for tab in tabs
            ]
            width = sum(text.cell_length + _SEPARATOR for text in texts) + len(texts) - 1
            if width <= self.size.width:
                break
        for tab, text in zip(tabs, texts, strict=True):
            tab.update(text)

    def _tab(self, stage: Stage, overview: Overview | None, with_title: bool, with_summary: bool) -> Content:
        is_here = stage.name == self._here
        found = [state for state in overview.stages if state.name == stage.name] if overview else []
        if not found:
            return Content.assemble((stage.key, "" if is_here else "$accent"), " ", stage.title)
        look = stage_look(found[0].state)
        colour, quiet = ("", "") if is_here else (look.colour, "$text-muted")
        parts: list[str | tuple[str, str]] = [
            (stage.key, "" if is_here else "$accent"),
            f" {stage.title} " if with_title else " ",
            (look.symbol, colour),
        ]
        if with_summary and found[0].summary:
            parts += [" ", (display_line(found[0].summary, limit=24), quiet)]
        return Content.assemble(*parts)

    def _next(self, overview: Overview | None) -> Content:
        if overview is None:
            return Content.styled("Opening the workspace …", "$text-muted")
        stage = next((stage for stage in stages() if stage.name == overview.next_screen), None)
        words = display_line(overview.next_step, limit=160)
        if stage is None or stage.name == self._here:
            return Content.assemble((f"{GLYPHS.arrow} ", "$accent"), words)
        return Content.assemble(
            (f"{GLYPHS.arrow} ", "$accent"), words, "  ", (f" {stage.key} ", "bold $accent on $panel")
        )

    def _place(self, app: WebtuneApp) -> Content:
        parts: list[Content] = [Content.styled(display_line(app.place.name, limit=40), "$text-muted")]
        if app.place.is_sandbox:
            parts.append(Content.styled(" sandbox ", "$background on $accent"))
        if app.place.is_read_only:
            parts.append(Content.styled(" read-only ", "$background on $warning"))
        return Content(" ").join(parts)
