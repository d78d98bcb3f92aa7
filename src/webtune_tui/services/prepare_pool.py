"""The parts of a run in this process or in several: the same results in the same order."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from types import TracebackType
from typing import Any, Self, TypeVar

from webtune_tui.domain.errors import InternalFault
from webtune_tui.services.prepare_part import KeyRange, Part, PartMaker, Setting, Sighting
from webtune_tui.services.prepare_processes import start_method

GARBAGE_THRESHOLDS = (
    50_000,
    20,
    100,
)  # records make no cycles: looking for them all the time takes a tenth of the work
_WAITING_PER_WORKER = 3  # tasks; bounds the memory

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

_maker: PartMaker | None = None  # of a worker process


class PartPool:
    """Makes the parts of a run. Leaving the context ends the processes and waits for that."""

    def __init__(self, setting: Setting, workers: int) -> None:
        self._setting = setting
        self._workers = workers
        self._own: PartMaker | None = None
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        if self._workers > 1:
            self._pool = ProcessPoolExecutor(
                self._workers,
                mp_context=start_method(),
                initializer=_start_worker,
                initargs=(self._setting,),
            )
            for _ in range(self._workers):
                self._pool.submit(_warm_up)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        if self._own is not None:
            self._own.close()

    def parts(self, ranges: Iterable[KeyRange]) -> Iterator[list[Part]]:
        """The parts of each range, in the order of the ranges."""
        return self._each(_parts_in_worker, PartMaker.parts, ranges)

    def sightings(self, asked: Iterable[Sighting]) -> Iterator[Any]:
        """What a surveying step saw, in the order of what was asked."""
        return self._each(_sight_in_worker, PartMaker.sight, asked)

    def beside(self, work: Callable[..., Answer], *arguments: Any) -> Callable[[], Answer]:
        """Starts work in another process where there is one; the answer is got by calling what is returned."""
        if self._pool is None:
            return lambda: work(*arguments)
        return self._pool.submit(work, *arguments).result

    def _each(
        self,
        in_worker: Callable[[Asked], Answer],
        here: Callable[[PartMaker, Asked], Answer],
        asked: Iterable[Asked],
    ) -> Iterator[Answer]:
        if self._pool is None:
            self._own = self._own or PartMaker(self._setting)
            for one in asked:
                yield here(self._own, one)
            return
        source = iter(asked)
        waiting: deque[Future[Answer]] = deque(
            self._pool.submit(in_worker, one) for one in islice(source, self._workers * _WAITING_PER_WORKER)
        )
        try:
            while waiting:
                answer = waiting.popleft().result()
                waiting.extend(self._pool.submit(in_worker, one) for one in islice(source, 1))
                yield answer
        except BrokenProcessPool as error:
            raise InternalFault(
                "A process that prepares was ended from outside",
                hint="There may be too little memory: webtune prepare --workers 1",
            ) from error


def _start_worker(setting: Setting) -> None:
    global _maker
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _maker = PartMaker(setting)


def _warm_up() -> None:
    """Loads the vocabulary while the run still looks at what there is."""
    if _maker is not None:
        _maker.warm_up()


def _parts_in_worker(asked: KeyRange) -> list[Part]:
    assert _maker is not None
    return _maker.parts(asked)


def _sight_in_worker(asked: Sighting) -> Any:
    assert _maker is not None
    return _maker.sight(asked)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
