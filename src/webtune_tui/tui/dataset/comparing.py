"""Clusters on the screen: what is like an example, compared word by word, and who of them stays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from webtune_tui.domain.clusters import Alike
from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.examples import Message
from webtune_tui.tui.dataset.editing import Editing
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.listing import Listing
from webtune_tui.tui.dataset.looking_at_dropped import LookingAtDropped, wanted_back
from webtune_tui.tui.dataset.part import DatasetPart
from webtune_tui.tui.presentation.restoring import restored_words

_LISTED = 200


class Comparing(DatasetPart):
    """Opens clusters."""

    ONLY_IN_TABLE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "alike", "Alike", show=False, tooltip="Compare with its duplicates, its group, its source"),
        Binding("C", "clusters", "Clusters", show=False, tooltip="The largest clusters of duplicates"),
    ]

    def __init__(self, screen: DatasetFrame, listing: Listing, editing: Editing, dropped: LookingAtDropped) -> None:
        super().__init__(screen)
        self._listing = listing
        self._editing = editing
        self._dropped = dropped

    def action_alike(self) -> None:
        """Compares the example under the cursor with what is like it."""
        if (row := self._screen.table.current) is not None:
            self._screen.launch(partial(self._open, row.example_id), "cluster")

    def action_clusters(self) -> None:
        """Lists the largest clusters."""
        if self._screen.version is not None:
            self._screen.launch(self._open_list, "cluster")

    async def _open_list(self) -> None:
        from webtune_tui.tui.modals.cluster_list import ClusterList  # dialogues load when they are first needed

        screen = self._screen
        found = await screen.services.prepare.clusters(limit=_LISTED)
        chosen = await screen.webtune.push_screen_wait(ClusterList(found))
        if chosen is not None:
            await self._open(chosen)

    async def _open(self, example_id: str) -> None:
        from webtune_tui.tui.modals.cluster import ClusterActions, ClusterDiff

        screen, services = self._screen, self._screen.services
        screen.say("Looking for what is like it …")
        found = await services.clusters.of(example_id)
        screen.hint(screen.view)
        if not found.members:
            screen.say("Nothing is like it: no duplicate was dropped for it, and its group and source are its own")
            return
        kept = await services.curate.example(found.survivor_id)
        title = kept.prompt.removeprefix(screen.table.lead) or kept.answer
        wanted = wanted_back(await services.prepare.recipe())
        go_to = partial(self._go_to, found.survivor_id)
        actions = ClusterActions(self._messages, self._wanted, self._drop, go_to, screen.refuses_editing)
        await screen.app.push_screen(ClusterDiff(found, kept.messages, title, actions, wanted))

    async def _messages(self, one: Alike) -> Sequence[Message]:
        services = self._screen.services
        try:
            if one.is_here:
                return (await services.curate.example(one.example_id)).messages
            preview = await services.studio.preview(None, [one.record_id])
        except WebtuneError:  # dropped meanwhile, or the recipe can't be read; its panel says so
            return ()
        return preview.rows[0].messages if preview and preview.rows else ()

    async def _wanted(self, example_ids: Sequence[str]) -> str:
        result = await self._editing.bring_back(example_ids)
        return restored_words(result)

    def _drop(self, example_id: str) -> None:
        self._editing.drop((example_id,), then=lambda: None)

    def _go_to(self, survivor_id: str, one: Alike | None) -> None:
        if one is not None and not one.is_here:
            self._dropped.open_record(one.record_id)
        else:
            example_id = survivor_id if one is None else one.example_id
            self._screen.launch(partial(self._listing.reveal, example_id), "reveal")
