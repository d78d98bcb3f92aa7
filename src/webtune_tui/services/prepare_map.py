"""The per-record part of preparing over batches, in this process or in several: the same results in the same order."""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from typing import Any

from webtune_tui.pipeline.base import Draft, Step
from webtune_tui.pipeline.recipe import Recipe
from webtune_tui.pipeline.run import Assembly, BatchResult
from webtune_tui.pipeline.tokens import TokenCounter
from webtune_tui.storage.datasets import LiveRecord

_WAITING_PER_WORKER = 3  # batches; bounds the memory

_assembly: Assembly | None = None  # of a worker process


def mapped(
    batches: Iterable[Sequence[LiveRecord]],
    recipe: Recipe,
    counter: TokenCounter,
    steps: Sequence[Step],
    workers: int,
) -> Iterator[BatchResult]:
    """What becomes of each batch of records, in the order of the batches; ``steps`` are those of the recipe."""
    if workers <= 1:
        assembly = Assembly(recipe, counter, steps=steps)
        for batch in batches:
            yield _map(assembly, batch)
        return
    pool = ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(recipe, counter, steps),
    )
    try:
        source = iter(batches)
        waiting: deque[Future[BatchResult]] = deque(
            pool.submit(_map_in_worker, batch) for batch in islice(source, workers * _WAITING_PER_WORKER)
        )
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(_map_in_worker, batch) for batch in islice(source, 1))
            yield result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def drafts_of(rows: Iterable[LiveRecord]) -> list[Draft]:
    """The records as drafts."""
    return [_draft(row) for row in rows]


def _map(assembly: Assembly, rows: Sequence[LiveRecord]) -> BatchResult:
    order = {row.record_id: number for number, row in enumerate(rows)}
    result = assembly.map_batch(drafts_of(rows))
    result.built.sort(key=lambda built: order[built.record_id])
    return result


def _draft(row: LiveRecord) -> Draft:
    fields: Any = json.loads(row.fields)
    return Draft(
        record_id=row.record_id,
        key=row.key,
        kind=row.kind,
        fields=fields,
        source=row.source,
        label=row.label,
        url=row.url,
        domain=domain_of(row.url),
        collected_at=row.collected_at,
    )


def domain_of(url: str | None) -> str:
    """The host of an address without ``www.``; the empty text where there is none."""
    if not url:
        return ""
    host = url.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0].lower()
    return host.removeprefix("www.")


def _start_worker(recipe: Recipe, counter: TokenCounter, steps: Sequence[Step]) -> None:
    global _assembly
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _assembly = Assembly(recipe, counter, steps=steps)


def _map_in_worker(rows: Sequence[LiveRecord]) -> BatchResult:
    assert _assembly is not None
    return _map(_assembly, rows)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
