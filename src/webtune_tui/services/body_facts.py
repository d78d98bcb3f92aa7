"""Finding out what conditions ask of the messages of a version, once; what is found is kept in the workspace."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from webtune_tui.services.body_facts_run import FactsRun, Looked
from webtune_tui.services.bridge import lines_of_program
from webtune_tui.services.prepare_processes import workers_for
from webtune_tui.services.program_side import failure
from webtune_tui.services.stepwise import in_thread
from webtune_tui.storage.body_facts import Extent, KeptFacts
from webtune_tui.storage.dataset_types import Revision
from webtune_tui.storage.workspace import Workspace

WORKER = "webtune_tui.services.body_facts_worker"
_FEW = 2_000
"""So many messages are looked at sooner in this process than a program starts."""
_TOLD_EVERY = 0.1  # seconds


class BodyFactsService:
    """Looks at the messages of one workspace, for all who wait for it at a time."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._kept = KeptFacts(workspace.database)
        self._looking = asyncio.Lock()
        self._looked: Looked | None = None

    async def is_known(self, revision: Revision, *, with_languages: bool) -> bool:
        """Whether no message of a version need be looked at any more."""
        return await asyncio.to_thread(self._kept.is_known, _extent(revision, with_languages))

    @property
    def can_keep(self) -> bool:
        """Whether what is found can be kept."""
        return not self._workspace.read_only

    async def find_out(self, revision: Revision, *, with_languages: bool) -> AsyncGenerator[Looked, None]:
        """Looks at all messages of a version that nobody looked at yet; at none where nothing can be kept.

        Closing it ends the work; what is found so far is kept, and the next time goes on from there.

        Raises:
            ExtraMissing: languages are wanted, and the library that tells them is missing.
        """
        extent = _extent(revision, with_languages)
        while self.can_keep and not await asyncio.to_thread(self._kept.is_known, extent):
            if self._looking.locked():
                if self._looked is not None:  # of whatever the other one looks at
                    yield replace(self._looked, place=0)
                await asyncio.sleep(_TOLD_EVERY)
                continue
            async with self._looking, aclosing(self._events(extent)) as events:
                async for self._looked in events:
                    yield self._looked

    async def _events(self, extent: Extent) -> AsyncGenerator[Looked, None]:
        few = await asyncio.to_thread(self._kept.missing, extent, _FEW + 1)
        if len(few.body_ids) <= _FEW:
            async with aclosing(in_thread(FactsRun(self._workspace.database).events(extent, 1))) as found:
                async for one in found:
                    yield one
            return
        workers = workers_for(len(few.body_ids))
        request = {"workspace": str(self._workspace.root), "extent": extent, "workers": workers}
        async with aclosing(lines_of_program(WORKER, json.dumps(request).encode() + b"\n")) as lines:
            async for line in lines:
                kind, body = json.loads(line)
                if kind != "looked":
                    raise failure(body)
                yield Looked(**body)


def _extent(revision: Revision, with_languages: bool) -> Extent:
    return Extent(revision.build, revision.revision, with_languages)
