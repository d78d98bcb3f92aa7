"""The real program with a death planned: ``python -m tests.servers.doomed --step N ...`` or ``--at NAME ...``.

It is killed with SIGKILL at its N-th step (a sync, a rename, a removal, a transaction, a request sent or answered), or
when it comes to a named place. With ``--count FILE`` it lives and writes down how many steps it took.
"""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import httpx

from webtune_tui.cli.main import run
from webtune_tui.services.collection_book import CollectionBook
from webtune_tui.services.snapshot_lookup import SnapshotLookup
from webtune_tui.storage.database import Database

Step = Callable[[], None]


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("SIGKILL came too late")


def watch_steps(step: Step) -> None:
    """Calls ``step`` before and after whatever leaves a trace outside of this process."""
    for name in ("fsync", "replace", "unlink", "truncate"):
        setattr(os, name, around(getattr(os, name), step))
    real_write = Database.write

    def write(self: Database, *arguments: Any) -> Any:
        step()
        return real_write(self, *arguments)

    Database.write = write  # type: ignore[method-assign]
    real_send = httpx.AsyncClient.send

    async def send(self: httpx.AsyncClient, *arguments: Any, **named: Any) -> httpx.Response:
        step()
        response = await real_send(self, *arguments, **named)
        step()
        return response

    httpx.AsyncClient.send = send  # type: ignore[method-assign]


def around(real: Callable[..., Any], step: Step) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        step()
        answer = real(*arguments, **named)
        step()
        return answer

    return call


def watch_place(name: str) -> None:
    """Dies before the request of a trigger leaves, or after its reply and before the collection knows of it."""
    if name == "Book.set":
        real_set = CollectionBook.set

        async def book_set(self: CollectionBook, *arguments: Any, **changes: Any) -> Any:
            if changes.get("phase") == "sending":
                die()
            return await real_set(self, *arguments, **changes)

        CollectionBook.set = book_set  # type: ignore[method-assign]
    elif name == "accepted":

        async def accepted(self: SnapshotLookup, *_: Any) -> Any:
            die()

        SnapshotLookup.accepted = accepted  # type: ignore[method-assign]


def main(arguments: list[str]) -> int:
    assert sqlite3.threadsafety
    option, value, *command = arguments
    taken = itertools.count(1)
    if option == "--at":
        watch_place(value)
        return run(command)
    last = 0

    def step() -> None:
        nonlocal last
        last = next(taken)
        if option == "--step" and last == int(value):
            die()

    watch_steps(step)
    code = run(command)
    if option == "--count":
        Path(value).write_text(str(last))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
