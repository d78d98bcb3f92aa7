"""The demo's guide: which step, what it does, and the keys that go on."""

from __future__ import annotations

from textual.content import Content
from textual.events import Click
from textual.widgets import Static

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.guide import GuideState, Phase


class GuideBar(Static):
    """Two lines above the footer; a click takes the next step."""

    DEFAULT_CSS = """
    GuideBar { dock: bottom; height: 2; padding: 0 1; margin-bottom: 1; background: $primary 14%; text-wrap: nowrap;
               text-overflow: ellipsis; }
    """

    def __init__(self) -> None:
        super().__init__("", markup=False)

    def on_mount(self) -> None:
        self.watch(self.app, "guide", self._show)

    async def on_click(self, _: Click) -> None:
        await self.app.run_action("app.guide_next")

    def _show(self, state: GuideState) -> None:
        self.update(Content("\n").join([_headline(state), _detail(state)]))


def _headline(state: GuideState) -> Content:
    if state.phase is Phase.OPENING:
        return Content.assemble(("Demo  ", "bold $primary"), "starting the sandbox on this machine …")
    if state.phase is Phase.OVER:
        return Content.assemble(("Demo done  ", "bold $success"), "Base and tuned answer side by side under 5 Chat.")
    keys = [(" F5 ", "bold $primary on $panel"), (" run it  ", "$text-muted")]
    if state.phase is Phase.RUNNING:
        keys = []
    elif state.phase is Phase.FAILED:
        keys = [(" F5 ", "bold $primary on $panel"), (" try again  ", "$text-muted")]
    return Content.assemble(
        (f"Demo {state.number}/{state.count}  ", "bold $primary"),
        (f"{state.title}  ", "bold"),
        *keys,
        (" F6 ", "bold $primary on $panel"),
        (" skip", "$text-muted"),
    )


def _detail(state: GuideState) -> Content:
    if state.phase is Phase.RUNNING:
        return Content.styled(display_line(state.news, limit=300), "$text-muted")
    if state.phase is Phase.FAILED:
        return Content.styled(display_line(state.news, limit=300), "$error")
    return Content.styled(state.explanation or "ctrl+q leaves; jobs go on without the app.", "$text-muted")
