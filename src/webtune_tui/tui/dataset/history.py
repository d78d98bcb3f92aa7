"""The history on the screen: walked step by step, versions named and compared."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.worker import Worker

from webtune_tui.domain.datasets import DatasetVersion
from webtune_tui.domain.edit_steps import Edited, EditResult
from webtune_tui.domain.events import Progressed
from webtune_tui.tui.dataset.editing import Editing
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.part import ViewPart
from webtune_tui.tui.parts import heard
from webtune_tui.tui.widgets.history_pane import HistoryPane

_MOST_VERSIONS = 1_000


class History(ViewPart):
    """Does what the panel asks for."""

    VIEW = "history"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("H", "history", "History", show=False, tooltip="The steps by hand, to walk; versions, to compare"),
    ]

    def __init__(self, screen: DatasetFrame, editing: Editing) -> None:
        super().__init__(screen)
        self._editing = editing
        self._walk: Worker[None] | None = None
        self._result: EditResult | None = None
        self._is_stopping = False

    @property
    def pane(self) -> HistoryPane:
        """The panel."""
        return self._screen.query_one(HistoryPane)

    def compose(self) -> HistoryPane:
        """The panel."""
        pane = HistoryPane(id=self.VIEW, classes="panel")
        pane.border_title = "History"
        return pane

    def focus(self) -> None:
        """Puts the keys into the steps."""
        self.pane.steps.focus()

    def action_history(self) -> None:
        """Shows the steps by hand and the versions."""
        if not self._screen.are_services_open or self._screen.is_editing:
            return
        if self._screen.version is None:
            self._screen.say("There is no dataset yet: p opens the recipe, r runs it")
            return
        self._screen.show_view("history")
        self.edited()

    def edited(self) -> None:
        """Reads both anew."""
        self._screen.launch(self._load, "history")

    async def _load(self) -> None:
        services = self._screen.services
        steps = await services.editing.history()
        versions = await services.curate.versions()
        self.pane.show(steps, versions[:_MOST_VERSIONS])

    # Walking

    @property
    def is_walking(self) -> bool:
        """Whether it is on its way to a step."""
        return self._walk is not None and not self._walk.is_finished

    @heard(HistoryPane.StepWanted)
    def _step_wanted(self, event: HistoryPane.StepWanted) -> None:
        """Goes to the state after a step."""
        if self._screen.refuses_editing():
            return
        if self.is_walking:
            self._screen.say("On the way to another step: esc stops it", "-care")
            return
        self._result, self._is_stopping = None, False
        self._screen.say("Going there …  ·  esc stops it")
        self._walk = self._screen.follow(
            self._screen.services.editing.walk(event.number),
            self._show,
            group="walk",
            label="Walking through the history",
            survives=False,
            ended=partial(self._ended, event.number),
        )

    def _show(self, event: Progressed | Edited) -> None:
        if isinstance(event, Edited):
            self._result = event.result
        elif not self._is_stopping:
            self._screen.say(f"Going there: {event.done:,} of {event.total:,} {event.unit}  ·  esc stops it")

    async def _ended(self, number: int) -> None:
        screen, before = self._screen, self._screen.version
        if screen.webtune.is_leaving:
            return
        where = "the start" if number == 0 else f"step {number:,}"
        if self._result is not None:
            words = f"{self._result.words}: now at {where}  ·  enter goes to another"
            await self._editing.done(self._result, words)
        elif self._is_stopping and before is not None:
            version = await screen.services.curate.version()
            if (version.build, version.revision) == (before.build, before.revision):  # tags are not of the content
                screen.say("Stopped; nothing was changed", "-care")
            else:  # all of it was just stored
                await self._editing.done(EditResult(version, ()), f"It was done before it could be stopped: at {where}")
        await self._load()

    def step_back(self) -> bool:
        """Stops a walk; without one, leaves the view."""
        return self._cancel() or super().step_back()

    def _cancel(self) -> bool:
        """Stops a walk, which then ends where it began; whether there was one."""
        if self._walk is None or not self.is_walking:
            return False
        if not self._is_stopping:
            self._is_stopping = True
            self._walk.cancel()
            self._screen.say("Stopping …", "-care")
        return True

    @heard(HistoryPane.NameWanted)
    def _name_wanted(self, event: HistoryPane.NameWanted) -> None:
        """Asks for a name and gives it to a version."""
        if not self._screen.refuses_editing():
            self._screen.launch(partial(self._name, event.version), "history-name")

    async def _name(self, version: DatasetVersion) -> None:
        from webtune_tui.tui.modals.ask_name import AskName  # dialogues load when they are first needed

        screen = self._screen
        why = (
            f"Version {version.dataset_version} gets a name for good: it can then be exported, trained on and compared "
            "by it. It is fixed by that, its test split too."
        )
        name = await screen.webtune.push_screen_wait(AskName("Name a version", why))
        if name is None:
            return
        named = await screen.services.editing.name_version(name, version.content_hash)
        screen.say(f"Version {named.dataset_version} is named {name}", "-good")
        await screen.read_version()
        await self._load()

    @heard(HistoryPane.CompareWanted)
    def _compare_wanted(self, event: HistoryPane.CompareWanted) -> None:
        """Shows what differs between two versions."""
        if event.pair is None:
            self._screen.say("Go to an older version with tab, or mark two with space, then press =", "-care")
        else:
            self._screen.launch(partial(self._compare, *event.pair), "history-changes")

    async def _compare(self, before: DatasetVersion, after: DatasetVersion) -> None:
        from webtune_tui.tui.modals.version_changes import VersionChanges

        titles = [(shown_name(one), one.content_hash) for one in (before, after)]
        await self._screen.app.push_screen(VersionChanges(self._screen.services.editing, *titles))


def shown_name(version: DatasetVersion) -> str:
    """A version by its name, or its number."""
    return version.names[0] if version.names else version.dataset_version[:8]
