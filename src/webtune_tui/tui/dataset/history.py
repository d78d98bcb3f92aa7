"""The history on the screen: walked step by step, versions named and compared."""

from __future__ import annotations

from functools import partial

from textual.worker import Worker

from webtune_tui.domain.datasets import DatasetVersion
from webtune_tui.domain.edit_steps import Edited, EditResult
from webtune_tui.domain.events import Progressed
from webtune_tui.tui.dataset.editing import Editing
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.widgets.history_pane import HistoryPane

_MOST_VERSIONS = 1_000


class History:
    """Does what the panel asks for."""

    def __init__(self, screen: DatasetFrame, editing: Editing) -> None:
        self._screen = screen
        self._editing = editing
        self._walk: Worker[None] | None = None
        self._result: EditResult | None = None
        self._is_stopping = False

    @property
    def pane(self) -> HistoryPane:
        """The panel."""
        return self._screen.query_one(HistoryPane)

    def open(self) -> None:
        """Shows the steps and the versions."""
        if self._screen.version is None:
            self._screen.say("There is no dataset yet: p opens the recipe, r runs it")
            return
        self._screen.show_view("history")
        self.load()

    def load(self) -> None:
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

    def walk(self, number: int) -> None:
        """Goes to the state after a step."""
        if self.is_walking:
            self._screen.say("On the way to another step: esc stops it", "-care")
            return
        self._result, self._is_stopping = None, False
        self._screen.say("Going there …  ·  esc stops it")
        self._walk = self._screen.follow(
            self._screen.services.editing.walk(number),
            self._show,
            group="walk",
            label="Walking through the history",
            survives=False,
            ended=partial(self._ended, number),
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
            if version.content_hash == before.content_hash:
                screen.say("Stopped; nothing was changed", "-care")
            else:  # all of it was just stored
                await self._editing.done(EditResult(version, ()), f"It was done before it could be stopped: at {where}")
        await self._load()

    def cancel(self) -> bool:
        """Stops a walk, which then ends where it began; whether there was one."""
        if self._walk is None or not self.is_walking:
            return False
        if not self._is_stopping:
            self._is_stopping = True
            self._walk.cancel()
            self._screen.say("Stopping …", "-care")
        return True

    def name(self, version: DatasetVersion) -> None:
        """Asks for a name and gives it to a version."""
        self._screen.launch(partial(self._name, version), "history-name")

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

    def compare(self, pair: tuple[DatasetVersion, DatasetVersion] | None) -> None:
        """Shows what differs between two versions."""
        if pair is None:
            self._screen.say("Go to an older version with tab, or mark two with space, then press =", "-care")
        else:
            self._screen.launch(partial(self._compare, *pair), "history-changes")

    async def _compare(self, before: DatasetVersion, after: DatasetVersion) -> None:
        from webtune_tui.tui.modals.version_changes import VersionChanges

        titles = [(shown_name(one), one.content_hash) for one in (before, after)]
        await self._screen.app.push_screen(VersionChanges(self._screen.services.editing, *titles))


def shown_name(version: DatasetVersion) -> str:
    """A version by its name, or its number."""
    return version.names[0] if version.names else version.dataset_version[:8]
