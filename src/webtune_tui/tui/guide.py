"""The demo in the app: the journey's steps one after the other, each visible on its own screen and skippable."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine, Iterable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from webtune_tui import settings as settings_module
from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.events import CollectionChanged, JobChanged, Noted, Progressed
from webtune_tui.settings import Settings
from webtune_tui.tui import error_display
from webtune_tui.tui.app import WebtuneApp, collect_garbage_rarely
from webtune_tui.tui.screens.base import StageScreen

if TYPE_CHECKING:
    from textual.worker import WorkType

    from webtune_tui.services.journey import Journey, JourneyStep

_RELOAD_SECONDS = 1.0


class Phase(StrEnum):
    """Where the present step of the demo stands."""

    OPENING = "opening"
    WAITING = "waiting"
    RUNNING = "running"
    FAILED = "failed"
    OVER = "over"


@dataclasses.dataclass(frozen=True, slots=True)
class GuideState:
    """What the guide's bar shows: the step by number (from 1), its words, and the newest thing that happened."""

    phase: Phase = Phase.OPENING
    number: int = 0
    count: int = 0
    title: str = ""
    explanation: str = ""
    news: str = ""


def run_guided_demo(workspace: Path) -> int:
    """Opens the demo's workspace in the app with the guide and answers the exit code."""
    app = GuidedApp(workspace, settings_module.load(workspace))
    collect_garbage_rarely()
    app.run()
    return app.return_code or 0


class GuidedApp(WebtuneApp):
    """The app on the demo's workspace. F5 takes the next step, F6 skips it; everything else works as ever."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "guide_next", "Next demo step", show=False, priority=True),
        Binding("f6", "guide_skip", "Skip this step", show=False, priority=True),
    ]
    guide: reactive[GuideState] = reactive(GuideState(), init=False)

    def __init__(self, workspace: Path, settings: Settings) -> None:
        super().__init__(workspace, settings)
        self._journey: Journey | None = None
        self._index = 0

    def guide_bars(self) -> Iterable[Widget]:
        """The guide's bar, once on every screen."""
        from webtune_tui.tui.widgets.guide_bar import GuideBar

        yield GuideBar()

    async def settings_for_opening(self) -> Settings:
        """The sandbox of the demo takes the place of the scraping service."""
        from webtune_tui.services.journey import demo_settings
        from webtune_tui.services.sandbox_process import running_sandbox

        address = await self._open.enter_async_context(running_sandbox(self.workspace_path / "sandbox"))
        return demo_settings(self.settings, address)

    def services_opened(self) -> None:
        """Finds the first step that is not done yet and waits for the person there."""
        from webtune_tui.services.journey import Journey

        services = self.services
        assert services is not None
        self._journey = Journey(
            services.accounts, services.collect, services.prepare, services.curate, services.train,
            services.jobs, services.job_book, services.evaluate, services.chat,
        )  # fmt: skip
        self._start(self._wait_for_person)

    async def action_guide_next(self) -> None:
        """Runs the present step; what is done already is shown and not done twice."""
        if self.guide.phase in (Phase.WAITING, Phase.FAILED) and self._journey is not None:
            step = self._journey.steps()[self._index]
            await self.action_show_stage(step.screen)
            self._start(partial(self._run_step, step))

    async def action_guide_skip(self) -> None:
        """Goes to the next step; a running job goes on meanwhile."""
        if self.guide.phase in (Phase.WAITING, Phase.RUNNING, Phase.FAILED):
            self.workers.cancel_group(self, "guide")
            self._index += 1
            self._start(self._wait_for_person)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The guide's two actions first."""
        yield SystemCommand("Demo: next step", "Key f5", self.action_guide_next)
        yield SystemCommand("Demo: skip this step", "Key f6", self.action_guide_skip)
        yield from super().get_system_commands(screen)

    def _start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.run_worker(cast("WorkType[None]", work), group="guide", exclusive=True, exit_on_error=False)

    async def _wait_for_person(self) -> None:
        assert self._journey is not None
        steps = self._journey.steps()
        while self._index < len(steps) and await self._journey.is_done(steps[self._index].name):
            self._index += 1
        if self._index >= len(steps):
            self.guide = GuideState(Phase.OVER, len(steps), len(steps), "The journey is done")
            return
        self._show(steps[self._index], Phase.WAITING, "")
        await self.action_show_stage(steps[self._index].screen)

    async def _run_step(self, step: JourneyStep) -> None:
        self._show(step, Phase.RUNNING, "starting …")
        reloads = asyncio.create_task(self._reload_regularly())
        try:
            async for event in step.run():
                if news := _news(event):
                    self._show(step, Phase.RUNNING, news)
        except WebtuneError as error:
            self._show(step, Phase.FAILED, error.message)
            error_display.show(self, error)
            return
        finally:
            reloads.cancel()
            await self._reload()
        self._index += 1
        await self._wait_for_person()

    async def _reload_regularly(self) -> None:
        while True:
            await asyncio.sleep(_RELOAD_SECONDS)
            await self._reload()

    async def _reload(self) -> None:
        """Lets the screen in front read its data anew."""
        self.refresh_overview()
        if isinstance(self.screen, StageScreen) and self.services is not None:
            await self.screen.shown()

    def _show(self, step: JourneyStep, phase: Phase, news: str) -> None:
        assert self._journey is not None
        count = len(self._journey.steps())
        self.guide = GuideState(phase, self._index + 1, count, step.title, step.explanation, news)


def _news(event: object) -> str:
    match event:
        case CollectionChanged(collection=c):
            return f"{c.state.value} {c.phase}, {c.records} records"
        case JobChanged(job=j):
            return f"{j.state.value}, step {j.step} of {j.total_steps or '?'}"
        case Progressed():
            share = f"{100 * event.done // event.total} %" if event.total else f"{event.done} {event.unit}"
            return f"{event.stage} {share} {event.message}".strip()
        case Noted():
            return event.message
    return ""
