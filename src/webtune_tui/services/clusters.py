"""What is like an example: duplicates that were dropped for it, its group, its source; and choosing who stays."""

from __future__ import annotations

import asyncio

from webtune_tui.domain.clusters import Alike, AlikeSet
from webtune_tui.domain.errors import NotFound
from webtune_tui.storage.clusters import ClusterQueries
from webtune_tui.storage.dataset_types import Revision
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.workspace import Workspace

_MOST = 200


class ClustersService:
    """Looks at clusters of the working version; :class:`CurateService` brings their members back."""

    def __init__(self, workspace: Workspace) -> None:
        self._store = DatasetStore(workspace.database)
        self._queries = ClusterQueries(workspace.database)

    async def size(self, example_id: str) -> int:
        """How many records were dropped for an example. Raises NotFound."""
        return await asyncio.to_thread(lambda: self._queries.size(self._head().build, example_id))

    async def of(self, example_id: str, *, limit: int = _MOST) -> AlikeSet:
        """The cluster of an example, or of one that was dropped: who stayed, and at most ``limit`` others.

        Raises:
            NotFound: neither it nor the one that stayed for it is in the working version.
        """
        return await asyncio.to_thread(self._of, example_id, limit)

    def _of(self, example_id: str, limit: int) -> AlikeSet:
        head = self._head()
        survivor_id = example_id
        found = self._store.by_ids(head, [example_id])
        if not found:
            survivor_id = self._queries.survivor_of(head.build, example_id)
            found = self._store.by_ids(head, [survivor_id])
        if not found:
            raise NotFound(f"There is no example {example_id}", hint="See: webtune dataset show VERSION")
        survivor = found[survivor_id]
        members: dict[str, Alike] = {}
        for some in (
            self._queries.dropped_for(head.build, survivor_id, limit + 1),
            self._queries.group_of(head, survivor, limit + 1),
            self._queries.same_source(head, survivor, limit + 1),
        ):
            for one in some:
                members.setdefault(one.example_id or f"record {one.record_id}", one)
        told = list(members.values())
        return AlikeSet(survivor_id, told[:limit], len(told) > limit)

    def _head(self) -> Revision:
        head = self._store.head()
        if head is None:
            raise NotFound("There is no dataset yet", hint="Make one with: webtune prepare")
        return head
