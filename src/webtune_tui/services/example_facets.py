"""Counting the examples of each kind, in a thread that ends as soon as nobody waits for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator

from webtune_tui.domain.events import Progressed
from webtune_tui.domain.example_facets import FacetCounts
from webtune_tui.storage.example_scans import ExampleScans, Wanted

_TOLD_EVERY = 0.1  # seconds


async def counting(scans: ExampleScans, wanted: Wanted) -> AsyncGenerator[Progressed | FacetCounts, None]:
    """Counts the examples that are wanted by split, source, flag and edit state; closing it ends the count.

    Raises:
        UsageError: the condition asks what examples don't have.
    """
    stopped = threading.Event()
    looked_at = [0]

    def told(rows: int) -> None:
        looked_at[0] = rows

    task = asyncio.ensure_future(asyncio.to_thread(scans.facets, wanted, stopped, told))
    try:
        while not (await asyncio.wait({task}, timeout=_TOLD_EVERY))[0]:
            yield Progressed("counting", looked_at[0], None, "examples")
        counts = task.result()
        yield FacetCounts(counts, sum(counts.get("split", {}).values()))
    finally:
        stopped.set()
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # it was either raised above, or nobody waits for it any more
