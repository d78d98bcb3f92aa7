"""Work in this process or in several: the same answers in the same order."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from itertools import islice
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from webtune_tui.domain.errors import InternalFault
from webtune_tui.services.prepare_processes import START_METHOD

GARBAGE_THRESHOLDS = (
    50_000,
    20,
    100,
)  # records make no cycles: looking for them all the time takes a tenth of the work
_ENDING_SECONDS = 5.0  # that a process may take for work whose answer nobody wants any more
_WAITING_PER_WORKER = 3  # tasks; bounds the memory


class Maker(Protocol):
    """What one process works with."""

    def warm_up(self) -> None:
        """Loads what takes long, and opens nothing: processes may be made as copies of this one afterwards."""
        ...

    def close(self) -> None:
        """Gives back what it holds."""
        ...


AnyMaker = TypeVar("AnyMaker", bound=Maker)
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

_maker: Any = None  # of a worker process


class WorkerPool(Generic[AnyMaker]):
    """Gives work to makers, one in each process. Leaving the context ends the processes and waits for that.

    It belongs into a program of its own that does nothing else. ``let_go`` closes the program's connections to its
    database, which no copy of a process may inherit: SQLite would take the locks of the one for those of the other.
    """

    def __init__(self, make: Callable[[], AnyMaker], workers: int, *, let_go: Callable[[], None]) -> None:
        self._make = make
        self._workers = workers
        self._let_go = let_go
        self._own: AnyMaker | None = None
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        if self._workers > 1:
            self._life, self._held = multiprocessing.Pipe(duplex=False)
            self._pool = ProcessPoolExecutor(
                self._workers,
                mp_context=multiprocessing.get_context(START_METHOD),
                initializer=_start_worker,
                initargs=(self._shared_make(), self._life, self._held),
            )
            self._let_go()
            for _ in range(self._workers):
                self._pool.submit(_warm_up)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            # a process that is killed as the pool ends may hold the lock that the others wait for
            ending = threading.Timer(_ENDING_SECONDS, self._held.close)
            ending.start()
            self._pool.shutdown(wait=True, cancel_futures=True)
            ending.cancel()
            self._held.close()
            self._life.close()
        if self._own is not None:
            self._own.close()

    def _shared_make(self) -> Callable[[], AnyMaker]:
        """Gives each process its maker: a warm one, where the processes are copies of this one."""
        if START_METHOD != "fork":
            return self._make
        maker = self._make()
        maker.warm_up()
        gc.freeze()  # what all of them share is not looked through, which would copy its pages
        return lambda: maker

    def each(self, work: Callable[[AnyMaker, Asked], Answer], asked: Iterable[Asked]) -> Iterator[Answer]:
        """What the makers answer, in the order of what was asked. ``work`` is a method of theirs.

        Raises:
            InternalFault: a process was ended from outside.
        """
        if self._pool is None:
            self._own = self._own or self._make()
            for one in asked:
                yield work(self._own, one)
            return
        source = iter(asked)
        waiting: deque[Future[Answer]] = deque(
            self._submit(_work, work, one) for one in islice(source, self._workers * _WAITING_PER_WORKER)
        )
        while waiting:
            answer = self._answer_of(waiting.popleft())
            waiting.extend(self._submit(_work, work, one) for one in islice(source, 1))
            yield answer

    def beside(self, work: Callable[..., Answer], *arguments: Any) -> Callable[[], Answer]:
        """Starts work in another process where there is one; the answer is got by calling what is returned."""
        if self._pool is None:
            return lambda: work(*arguments)
        return partial(self._answer_of, self._submit(work, *arguments))

    def _submit(self, work: Callable[..., Answer], *arguments: Any) -> Future[Answer]:
        assert self._pool is not None
        with _told_where_one_ended():
            return self._pool.submit(work, *arguments)

    def _answer_of(self, future: Future[Answer]) -> Answer:
        with _told_where_one_ended():
            return future.result()


def ended_from_outside() -> InternalFault:
    """The error where a process that was needed is gone."""
    return InternalFault(
        "A process that works on the records was ended from outside",
        hint="There may be too little memory; with --workers 1 less is needed.",
    )


@contextmanager
def _told_where_one_ended() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool as error:
        raise ended_from_outside() from error


def _start_worker(make: Callable[[], Maker], life: Connection, held: Connection) -> None:
    global _maker
    held.close()  # the run's end of the line alone keeps it open
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    threading.Thread(target=_end_with, args=(life,), daemon=True).start()
    _maker = make()
    gc.freeze()  # what was loaded stays: nothing of it need be looked through


def _warm_up() -> None:
    """Starts the process and loads the vocabulary while the run still looks at what there is."""
    if _maker is not None:
        _maker.warm_up()


def _work(work: Callable[[Any, Any], Any], asked: Any) -> Any:
    assert _maker is not None
    return work(_maker, asked)


def _end_with(life: Connection) -> None:
    """Ends the process when the run closes its end of the line, or is gone."""
    parent = multiprocessing.parent_process()
    wait([life] if parent is None else [life, parent.sentinel])
    os._exit(1)
