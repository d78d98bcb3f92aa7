"""The full-screen app: the path of stages, one screen each, over the same services as the commands."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import signal
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from rich.text import Text
from textual import work
from textual.app import App, SystemCommand
from textual.binding import ActiveBinding, Binding, BindingsMap, BindingType
from textual.css.query import NoMatches
from textual.reactive import reactive
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.worker import WorkerFailed

from webtune_tui import registry
from webtune_tui import settings as settings_module
from webtune_tui.domain.addresses import host_of, is_loopback
from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.masking import mask
from webtune_tui.domain.terminal_text import display
from webtune_tui.settings import Settings
from webtune_tui.tui import error_display, terminal_net, themes
from webtune_tui.tui.presentation.glyphs import ASCII, GLYPHS
from webtune_tui.tui.presentation.stages import stages
from webtune_tui.tui.screens.base import StageScreen
from webtune_tui.tui.stylesheet import StylesReadOnce

if TYPE_CHECKING:
    from webtune_tui.bootstrap import Services
    from webtune_tui.domain.events import Overview  # loads dataclasses for 15 ms
    from webtune_tui.storage.workspace import LockHolder

_FAULT = 70
_NEW_OBJECTS = 5000  # after which the interpreter looks for cycles among them; 700 are those of a few widgets
_SIGNAL_EXITS = {"SIGTERM": 143, "SIGHUP": 129}
_LEAVING_SECONDS = 8.0  # that work which is cancelled may take to end what it started
_HOLDER_SECONDS = 2.0  # between two looks whether the one who writes is still there
_STAGES_WITH_WORK = frozenset({"collect", "fine_tune"})


@dataclass(frozen=True, slots=True)
class Place:
    """Which workspace this is. ``read_only_reason`` names who holds it, ``is_free`` says that nobody does any more."""

    name: str
    is_sandbox: bool = False
    is_read_only: bool = False
    read_only_reason: str = ""
    is_free: bool = False


def _told(holder: LockHolder) -> str:
    """Who holds the workspace, with the time as the person's clock shows it."""
    from webtune_tui.tui.presentation import figures  # not for the first frame

    try:
        return holder.describe(since=figures.local_date(holder.since))
    except ValueError:  # another program wrote the lock: its time is no moment
        return holder.describe()


def run_app(workspace: Path) -> int:
    """Opens the app on a workspace and answers the exit code.

    Raises:
        UsageError: a settings file or the environment is off.
    """
    first = ""
    while True:
        app = WebtuneApp(workspace, settings_module.load(workspace))
        app.first_stage, app.may_open_anew = first, True
        collect_garbage_rarely()
        app.run()
        if not app.opens_anew:
            return app.return_code or 0
        first = app.current_mode


def collect_garbage_rarely() -> None:
    """Leaves out what lives as long as the app when the interpreter looks for cycles, and lets it look less often:
    that was a fifth of the time until the first screen could be used, and held up the screen for 70 ms each time."""
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])


class WebtuneApp(App[int], error_display.ReportsErrors):
    """The shell: screens by key, header state, theme, help, quitting, and the one door for errors."""

    TITLE = "webtune"
    CSS_PATH = Path(__file__).with_name("app.tcss")  # absolute, so that a subclass elsewhere finds it
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        *[Binding(stage.key, f"show_stage('{stage.name}')", stage.title, show=False) for stage in stages()],
        Binding("u", "show_unfinished", "Unfinished work", show=False),
        Binding("W", "take_over", "Open for writing", show=False),
        Binding("question_mark,f1", "help", "Help", key_display="?"),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
    ]

    services: reactive[Services | None] = reactive(None, init=False)
    overview: reactive[Overview | None] = reactive(None, init=False)
    place: reactive[Place] = reactive(Place(""), init=False)
    is_notice_hidden: reactive[bool] = reactive(False, init=False)

    def __init__(self, workspace: Path, settings: Settings) -> None:
        terminal_net.install()
        super().__init__()
        self.stylesheet = StylesReadOnce(variables=self.get_css_variables())
        self.workspace_path = workspace
        self.settings = settings
        self.set_reactive(WebtuneApp.place, Place(workspace.name, is_loopback(host_of(settings.brightdata_url))))
        for theme in themes.OWN:
            self.register_theme(theme)
        self.register_theme(themes.FEW_COLOURS)
        self.theme = settings.theme if settings.theme in self.available_themes else themes.DARK.name
        self.set_class(GLYPHS is ASCII, "-ascii")
        self._open = contextlib.AsyncExitStack()
        self._has_chosen_screen = False
        self.is_leaving = False
        self.first_stage = ""
        """Where it begins; without one where the workspace goes on."""
        self.may_open_anew = False
        """Whether it is run again after its end, where ``opens_anew`` says so."""
        self.opens_anew = False
        for stage in stages():
            self.add_mode(stage.name, partial(_make_screen, stage.name))

    # Starting and ending

    async def on_mount(self) -> None:
        self._end_politely_on_signals()
        self._take_plain_theme_for_few_colours()
        await self.begin()

    async def begin(self) -> None:
        """Shows the first screen and opens the workspace."""
        self._has_chosen_screen = self.first_stage in self._mode_names()
        await self.switch_mode(self.first_stage if self._has_chosen_screen else stages()[0].name)
        self.call_after_refresh(self._open_services)

    def _end_politely_on_signals(self) -> None:
        """A signal ends the app as quitting does: the workspace is closed and the terminal is given back."""
        loop = asyncio.get_running_loop()
        for name, code in _SIGNAL_EXITS.items():
            if hasattr(signal, name):
                with contextlib.suppress(NotImplementedError, ValueError):  # Windows, or not the main thread
                    loop.add_signal_handler(getattr(signal, name), partial(self._leave, code))

    @work(group="services", exit_on_error=False)
    async def _open_services(self) -> None:
        bootstrap = await asyncio.to_thread(importlib.import_module, "webtune_tui.bootstrap")  # after the first frame
        await asyncio.to_thread(bootstrap.load_all)
        self.settings = await self.settings_for_opening()
        services = await self._open.enter_async_context(
            bootstrap.open_services(self.workspace_path, self.settings, command="webtune app", mode="write if free")
        )
        workspace = services.workspace
        if workspace.read_only:
            holder = _told(workspace.holder) if workspace.holder else "another process"
            self.place = replace(
                self.place,
                is_read_only=True,
                read_only_reason=f"{holder} writes; looking works, changing waits.",
            )
            if self.may_open_anew:
                self.set_interval(_HOLDER_SECONDS, self.look_for_holder)
        self.overview = await services.overview.read()
        self.is_notice_hidden = not self.overview.unfinished
        self.services = services
        self.place = replace(self.place, is_sandbox=is_loopback(host_of(self.settings.brightdata_url)))
        self.services_opened()
        self.watch(self, "theme", self._theme_changed, init=False)
        if not self._has_chosen_screen and self.overview.next_screen in self._mode_names():
            await self.switch_mode(self.overview.next_screen)

    async def look_for_holder(self) -> None:
        """Offers to open the workspace for writing once nobody else writes to it, also where the other was killed."""
        from webtune_tui.storage.workspace import Workspace  # not for the first frame

        is_free = not await asyncio.to_thread(Workspace.is_held, self.workspace_path)
        if is_free != self.place.is_free:
            reason = "nobody else writes any more; W opens it for writing." if is_free else "another process writes."
            self.place = replace(self.place, is_free=is_free, read_only_reason=reason)

    async def settings_for_opening(self) -> Settings:
        """The settings that the services are opened with; the guided demo brings its sandbox here."""
        return self.settings

    def services_opened(self) -> None:
        """Called once the services may be used."""

    def guide_bars(self) -> Iterable[Widget]:
        """What stands above the footer of every screen; only the guided demo has something."""
        return ()

    async def _shutdown(self) -> None:
        self.is_leaving = True  # whoever ends it: a worker that still looks for its widgets finds some of them gone
        await super()._shutdown()

    async def on_unmount(self) -> None:
        await self._end_workers()
        await self._open.aclose()

    async def _end_workers(self) -> None:
        """Cancels what still works, once, and waits until it has ended what it started."""
        working = [worker for worker in self.workers if not worker.is_finished]
        for worker in working:
            if not worker.is_cancelled:
                worker.cancel()
        if working:
            ended, _ = await asyncio.wait(
                [asyncio.ensure_future(one.wait()) for one in working], timeout=_LEAVING_SECONDS
            )
            for one in ended:
                one.exception()

    async def settled(self) -> None:
        """Waits until the workspace is open and no worker is busy, or a dialogue asks; for tests and pictures."""
        while self.is_opening or self._busy_workers():
            if isinstance(self.screen, ModalScreen) or self._exit:
                return
            await asyncio.sleep(0.005)

    @property
    def is_opening(self) -> bool:
        """Whether the workspace is still to be opened."""
        return self.services is None

    def _busy_workers(self) -> bool:
        return any(not worker.is_finished for worker in self.workers)

    def _end_batch(self) -> None:
        """Draws what changed meanwhile: Textual 8.2.8 waits for the next message to the screen, so a letter typed
        while another widget was made anew stayed out of sight until something else happened."""
        super()._end_batch()
        for screen in self._screen_stack if not self._batch_count else ():
            screen.check_idle()

    def _take_plain_theme_for_few_colours(self) -> None:
        """Ours in its plain form, where the terminal has no more than 16 colours to draw it with."""
        has_few_colours = self.console.color_system in ("standard", "windows") and not self.console.no_color
        if has_few_colours and not self.is_headless and self.theme == themes.DARK.name:
            self.theme = themes.FEW_COLOURS.name

    # The header

    def refresh_overview(self) -> None:
        """Reads the state of every stage anew."""
        if self.services is not None:
            self._read_overview()

    @work(group="overview", exclusive=True, exit_on_error=False)
    async def _read_overview(self) -> None:
        if self.services is not None:
            self.overview = await self.services.overview.read()

    # Actions

    async def action_show_stage(self, name: str) -> None:
        """Goes to a stage's screen; the one left keeps its state and its work."""
        self._has_chosen_screen = True
        if name in self._mode_names():
            await self.switch_mode(name)

    async def action_show_unfinished(self) -> None:
        """Goes to the screen of the unfinished work; lists it where it lies on several."""
        if self.overview is None or not self.overview.unfinished:
            self.notify("Nothing is unfinished.")
            return
        self.is_notice_hidden = True
        open_stages = [
            stage.name for stage in self.overview.stages if stage.name in _STAGES_WITH_WORK & _open(self.overview)
        ]
        if len(open_stages) == 1:
            await self.action_show_stage(open_stages[0])
            return
        from webtune_tui.tui.modals.message import Message

        await self.push_screen(Message("Unfinished", "\n\n".join(self.overview.unfinished)))

    def action_take_over(self) -> None:
        """Opens a workspace anew that was read-only and that nobody else writes to any more."""
        if self.place.is_free:
            self.opens_anew = True
            self._leave()

    @work(group="view-file", exclusive=True, exit_on_error=False)
    async def action_view_file(self) -> None:
        """Asks for a file and shows it as it lies on the disk."""
        from webtune_tui.services.viewed_file import ViewedFile
        from webtune_tui.tui.modals.ask_path import AskPath
        from webtune_tui.tui.viewing.screen import FileScreen

        why = "Any file of JSON lines, however large, read-only and at once; nothing is imported."
        path = await self.push_screen_wait(AskPath("View a file", why, go="View"))
        if path is not None:
            await self.push_screen(FileScreen(await asyncio.to_thread(ViewedFile, path)))

    def action_help(self) -> None:
        """Shows what the present screen is for and every key that works on it."""
        from webtune_tui.tui.modals.help import Help

        screen = self.screen
        if isinstance(screen, StageScreen):
            mine, everywhere = _keys(screen)
            self.push_screen(Help(screen.TITLE, screen.HELP, mine, everywhere))

    async def action_quit(self) -> None:
        """Leaves; asks first when work is under way."""
        from webtune_tui.tui.modals.quit import Quit

        if isinstance(self.screen, Quit):
            self._leave()
            return
        goes_on, stops = await self._work_under_way()
        if not (goes_on or stops):
            self._leave()
            return
        await self.push_screen(Quit(goes_on, stops), lambda leaves: self._leave() if leaves else None)

    def _leave(self, code: int = 0) -> None:
        self.is_leaving = True
        self.workers.cancel_group(self, "services")  # a start that is still under way must not open screens now
        self.exit(code, return_code=code)

    async def _work_under_way(self) -> tuple[list[str], list[str]]:
        running = [entry for screen in self._stage_screens() for entry in screen.running()]
        goes_on = [label for label, survives in running if survives]
        if self.services is not None:
            with contextlib.suppress(WebtuneError):
                goes_on = list((await self.services.overview.read()).unfinished) or goes_on
        return list(dict.fromkeys(goes_on)), [label for label, survives in running if not survives]

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: every screen, the actions of the present one, both themes, help and quitting."""
        for stage in stages():
            yield SystemCommand(f"Go to {stage.title}", f"Key {stage.key}", partial(self.action_show_stage, stage.name))
        if isinstance(screen, StageScreen):
            for active in own_bindings(screen):
                binding = active.binding
                if active.enabled and binding.description and binding.key != "escape":
                    yield SystemCommand(
                        f"{screen.TITLE}: {binding.description}",
                        f"{binding.tooltip or binding.description} ({self.get_key_display(binding)})",
                        partial(self.run_action, binding.action, screen),
                    )
        yield SystemCommand("View a file", "Any JSON lines, read-only, without importing them", self.action_view_file)
        for theme in themes.OWN:
            yield SystemCommand(
                f"Theme: {'dark' if theme.dark else 'light'}",
                "Kept for this workspace",
                partial(self._use_theme, theme.name),
            )
        yield SystemCommand("Theme: choose …", "All themes that come with Textual", self.action_change_theme)
        yield SystemCommand("Help", "What this screen is for and its keys", self.action_help)
        yield SystemCommand("Save a picture", "The present screen as an SVG file", self.action_screenshot)
        yield SystemCommand("Quit", "Jobs go on without the app", self.action_quit)

    def _use_theme(self, name: str) -> None:
        self.theme = name

    def _theme_changed(self, name: str) -> None:
        self._keep_theme(name)

    @work(group="theme", exclusive=True, exit_on_error=False)
    async def _keep_theme(self, name: str) -> None:
        if self.services is not None and not self.place.is_read_only:
            from webtune_tui.storage import settings_file

            await asyncio.to_thread(
                settings_file.set_value, self.services.workspace.settings_path, "app", "theme", name
            )

    # Words and failures

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: Literal["information", "warning", "error"] = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """A passing message. It is always plain text, whatever the caller says of markup."""
        super().notify(
            mask(display(message, limit=2000)),
            title=display(title, limit=200),
            severity=severity,
            timeout=timeout,
            markup=False,
        )

    def crash(self, error: BaseException) -> None:
        """Ends the app after a fault of our own, with a report file and no local values on screen."""
        self._handle_exception(error if isinstance(error, Exception) else RuntimeError(str(error)))

    def _handle_exception(self, error: Exception) -> None:
        if self.is_leaving and isinstance(error, WorkerFailed) and isinstance(error.error, NoMatches):
            return  # its widgets went with the app
        if hasattr(error, "__rich__"):
            error = RuntimeError(f"{type(error).__name__}: {error}")  # its own rendering could show anything
        super()._handle_exception(error)
        self._return_code = _FAULT

    def _fatal_error(self) -> None:
        from webtune_tui.storage.crash_report import write_crash_report

        self.bell()
        fault = write_crash_report(self._exception or RuntimeError("unknown"))
        self._exit_renderables.append(Text(display(f"webtune: {fault.message}\n  {fault.hint}")))
        self._close_messages_no_wait()

    def _stage_screens(self) -> list[StageScreen]:
        return [screen for stack in self._screen_stacks.values() for screen in stack if isinstance(screen, StageScreen)]

    def _mode_names(self) -> frozenset[str]:
        return frozenset(stage.name for stage in stages())


def _open(overview: Overview) -> frozenset[str]:
    """The stages where something is under way or waits for the person."""
    return frozenset(stage.name for stage in overview.stages if stage.state in ("active", "attention"))


def _make_screen(name: str) -> StageScreen:
    screen: StageScreen = registry.load("tui.screens", name).SCREEN(name=name)
    return screen


def own_bindings(screen: StageScreen) -> list[ActiveBinding]:
    """What the screen itself offers, without Textual's own keys for moving and copying."""
    common = {binding.action for _, binding in BindingsMap(Screen.BINDINGS)}
    return [
        active
        for active in screen.active_bindings.values()
        if active.node is screen and active.binding.action not in common
    ]


def _keys(screen: StageScreen) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The keys of a screen and of the app as (key, words)."""
    app = screen.app
    mine: dict[str, str] = {}
    for active in own_bindings(screen):
        if active.binding.description:
            mine[app.get_key_display(active.binding)] = active.binding.tooltip or active.binding.description
    path = " ".join(stage.key for stage in stages())
    everywhere = [
        (path, "The screens: " + ", ".join(stage.title for stage in stages())),
        ("tab", "Next field or panel; shift+tab goes back"),
        ("enter", "Open or press"),
        ("esc", "Back"),
        ("u", "Unfinished work"),
        ("^p", "Command palette: every action by name"),
        ("? F1", "This help"),
        ("^q", "Quit; jobs go on"),
    ]
    return [(key, words) for key, words in mine.items() if key != "esc"], everywhere
