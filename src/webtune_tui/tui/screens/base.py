"""The frame of every screen of the path, and the conventions that they share.

How to write a screen ``screens/x.py`` (with its rules in ``screens/x.tcss``, each starting with the screen's name):

* ``class XScreen(StageScreen)`` with ``TITLE``, ``KEY``, ``ORDER``, ``HELP`` and, at the end of the module,
  ``SCREEN = XScreen``. The file is found by its name; the module is imported at the first visit; the screen then
  lives as long as the app, so it keeps its state when one leaves it.
* ``compose_body()`` yields what stands between header and footer. Use the shared classes of ``app.tcss``:
  ``panel`` (bordered box that lights up with the focus inside), ``muted``, ``good``, ``care``, ``bad``, ``heading``,
  ``form-row``, ``form-label``, ``form-hint``. Sizes: the screen carries ``-narrow`` (< 100 columns), ``-regular`` or
  ``-wide`` (>= 150), and ``-short`` (< 32 lines) or ``-tall``; write rules such as ``XScreen.-narrow #detail``.
* ``services_ready()`` is called once, on the loop, as soon as ``self.services`` may be used; ``shown()`` each time the
  screen comes to the front with services open. Start workers there; never await long work in a handler.
* A screen that can do many things is made of parts (``tui/parts.py``): each a module with an object that declares its
  keys, its actions and the messages it hears; see ``screens/dataset.py`` and ``tui/dataset/``.
* Long work: ``self.follow(service.run(...), self.show_event, group="prepare", label="Preparing")``. It consumes the
  events in a worker, replaces an older one of the same group, and brings errors to the app's one door. Give
  ``survives=False`` when the work stops with the app (prepare, import); the quit dialogue then says so.
  Short work: ``self.launch(self.load, "load")``, ``self.queue`` where an older one goes on, or ``@work`` with
  ``exit_on_error=False``; errors find the door too. Throttle what you draw to ten times a second.
* Questions: ``if await self.confirm("Delete it?", "…", yes="Delete", danger=True):`` inside a worker.
* Read-only: list the actions that change something in ``EDITING``; the frame greys them and answers their keys with
  the reason. Handlers of buttons ask ``if self.refuses_editing(): return``.
* After a change call ``self.refresh_overview()``: the header follows.
* Outside text: only through ``domain.terminal_text.display``/``display_line`` and then as ``Content(...)``,
  ``rich.text.Text(...)`` or into a widget with ``markup=False``; also titles of panels
  (``panel.border_title = Content(display_line(x))``) and tooltips. ``notify`` of the app never reads markup.
* Colours: ``Content.styled(text, "$success")``; states through ``presentation.states``; figures through
  ``presentation.figures``. In a DataTable a Rich text needs a real colour: ``self.colour("success")``.
* Keys of the whole app (1-5, ?, F1, ctrl+p, ctrl+q) belong to the app. ``/`` opens your filter, ``escape`` calls
  ``action_back``; override it to close what is open, then call ``super().action_back()``.
* Tests: ``async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot`` and
  ``await app.settled()`` waits for the workspace and the workers; see tests/tui/conftest.py.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import Worker

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.error_display import ReportsErrors

if TYPE_CHECKING:
    from textual.worker import WorkType

    from webtune_tui.bootstrap import Services
    from webtune_tui.tui.app import WebtuneApp

Event = TypeVar("Event")
SMALLEST = (60, 16)


class StageScreen(Screen[None], ReportsErrors):
    """One stage of the path between header and footer."""

    TITLE: ClassVar[str] = ""
    KEY: ClassVar[str] = ""
    ORDER: ClassVar[int] = 0
    HELP: ClassVar[str] = ""
    EDITING: ClassVar[frozenset[str]] = frozenset()
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back", show=False)]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-regular"), (150, "-wide")]  # noqa: RUF012 - Textual's own form
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]  # noqa: RUF012 - Textual's own form
    AUTO_FOCUS = ""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)
        self._followed: dict[str, tuple[str, bool]] = {}
        self._are_services_known = False
        self._was_away = False

    # What a screen gives

    def compose_body(self) -> ComposeResult:
        """What stands between header and footer."""
        yield from ()

    async def services_ready(self) -> None:
        """Called once, when ``self.services`` may be used."""

    async def shown(self) -> None:
        """Called each time the screen comes to the front with services open."""

    # What a screen uses

    @property
    def webtune(self) -> WebtuneApp:
        """The app, with its own type."""
        return cast("WebtuneApp", self.app)

    @property
    def services(self) -> Services:
        """The product's services; open from ``services_ready`` on."""
        services = self.webtune.services
        if services is None:
            raise RuntimeError("The services are not open yet; start from services_ready()")
        return services

    @property
    def are_services_open(self) -> bool:
        """Whether ``self.services`` may be used."""
        return self.webtune.services is not None

    @property
    def is_read_only(self) -> bool:
        """Whether another process writes to the workspace."""
        return self.webtune.place.is_read_only

    def refresh_overview(self) -> None:
        """Reads the state of the stages anew for the header."""
        self.webtune.refresh_overview()

    def follow(
        self,
        events: AsyncIterator[Event],
        show: Callable[[Event], Awaitable[None] | None],
        *,
        group: str,
        label: str = "",
        survives: bool = True,
        ended: Callable[[], Awaitable[None] | None] | None = None,
    ) -> Worker[None]:
        """Shows each event of long work as it comes; ``ended`` is called in any case, also after an error.

        ``label`` names the work in the quit dialogue, ``survives`` says whether it goes on without the app.
        """
        consume = partial(self._consume, events, show, group, label, survives, ended)
        return self.launch(consume, group)

    def launch(self, work: Callable[[], Coroutine[Any, Any, None]], group: str) -> Worker[None]:
        """Short work in a worker; it replaces an older one of its group, and its errors find the door."""
        return self.run_worker(cast("WorkType[None]", work), group=group, exclusive=True, exit_on_error=False)

    def queue(self, work: Callable[[], Coroutine[Any, Any, None]], group: str) -> Worker[None]:
        """Short work beside that of its group, which goes on; its errors find the door."""
        return self.run_worker(cast("WorkType[None]", work), group=group, exit_on_error=False)

    async def confirm(
        self,
        title: str,
        question: str,
        *,
        yes: str,
        no: str = "Keep",
        danger: bool = False,
        harmless: bool = False,
    ) -> bool:
        """Asks in a dialogue; call it inside a worker. Enter agrees at once where it is ``harmless``."""
        from webtune_tui.tui.modals.confirm import Confirm, HarmlessConfirm  # loads when it is first needed

        kind = HarmlessConfirm if harmless else Confirm
        dialogue = kind(title, question, yes=yes, no=no, danger=danger)
        answer: bool | None = await self.webtune.push_screen_wait(dialogue)
        return bool(answer)

    def refuses_editing(self) -> bool:
        """True in a read-only workspace, and then the person is told why."""
        if self.is_read_only:
            self.app.notify(self.webtune.place.read_only_reason, severity="warning")
        return self.is_read_only

    def running(self) -> list[tuple[str, bool]]:
        """The labelled work this screen follows now: its label and whether it survives the app."""
        return [entry for entry in self._followed.values() if entry[0]]

    def is_ending(self, group: str) -> None:
        """Work of this group was told to end: leaving the app need not ask about it any more."""
        self._followed.pop(group, None)

    def colour(self, name: str) -> str:
        """A colour of the present theme for Rich styles, such as ``success``, ``text-muted``, ``error``."""
        value = self.app.theme_variables.get(name, "")
        return value if value.startswith("#") else ""

    def action_back(self) -> None:
        """Leaves a text field for the screen; further keys then reach the screen again."""
        from textual.widgets import Input, TextArea  # 20 ms that the first frame does not need

        if isinstance(self.focused, Input | TextArea):
            self.focus_home()

    def focus_home(self) -> None:
        """Puts the focus where the screen begins; override it."""
        self.set_focus(None)

    # The frame

    def compose(self) -> ComposeResult:
        # a screen with a frame of its own does without these and what they load
        from webtune_tui.tui.widgets.notices import Notices
        from webtune_tui.tui.widgets.path_bar import PathBar
        from webtune_tui.tui.widgets.steady_footer import SteadyFooter

        self._take_size_classes()
        yield PathBar(self.name or "")
        yield Notices()
        with Container(id="body"):
            yield from self.compose_body()
        yield Static(_too_small(), id="too-small", markup=False)
        yield from self.webtune.guide_bars()
        yield SteadyFooter()

    def _take_size_classes(self) -> None:
        """Takes the classes of the breakpoints before anything is styled, which the first resize would all do again."""
        width, height = self.app.size
        for size, breakpoints in ((width, self.HORIZONTAL_BREAKPOINTS), (height, self.VERTICAL_BREAKPOINTS)):
            fitting = max(breakpoint for breakpoint in breakpoints if breakpoint[0] <= size)
            self.update_classes({name: (least, name) == fitting for least, name in breakpoints}, update=False)

    def on_mount(self) -> None:
        self.watch(self.app, "services", self._watch_services, init=True)

    def on_resize(self) -> None:
        self.set_class(self.size.width < SMALLEST[0] or self.size.height < SMALLEST[1], "-too-small")

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        # a screen is styled as it is made: only what changed while it was away wants all of it styled anew
        event.refresh_styles = event.refresh_styles and self._was_away
        self._was_away = False
        if self._are_services_known:
            self.launch(self.shown, "shown")

    def on_screen_suspend(self) -> None:
        self._was_away = True

    def on_key(self, event: events.Key) -> None:
        """Answers a greyed key of a read-only workspace with the reason."""
        bindings = self._bindings.key_to_bindings.get(event.key, [])
        if self.is_read_only and any(binding.action in self.EDITING for binding in bindings):
            event.stop()
            self.refuses_editing()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Greys what would change a read-only workspace."""
        if action in self.EDITING and self.is_read_only:
            return None
        return super().check_action(action, parameters)

    def _watch_services(self, services: Services | None) -> None:
        if services is not None and not self._are_services_known:
            self._are_services_known = True
            self.refresh_bindings()
            self.launch(self._first_shown, "services-ready")

    async def _first_shown(self) -> None:
        await self.services_ready()
        await self.shown()

    async def _consume(
        self,
        events: AsyncIterator[Event],
        show: Callable[[Event], Awaitable[None] | None],
        group: str,
        label: str,
        survives: bool,
        ended: Callable[[], Awaitable[None] | None] | None,
    ) -> None:
        entry = (label, survives)
        self._followed[group] = entry
        try:
            async for event in events:
                result = show(event)
                if inspect.isawaitable(result):
                    await result
        finally:
            if self._followed.get(group) is entry:
                del self._followed[group]
            close = getattr(events, "aclose", None)
            if close is not None:
                await close()
            result = ended() if ended is not None else None
            if inspect.isawaitable(result):
                await result


def _too_small() -> Content:
    return Content(display_line(f"This window is small. webtune needs {SMALLEST[0]} columns and {SMALLEST[1]} lines."))
