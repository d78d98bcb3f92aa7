"""The real program, whose run of prepare waits at a named place: ``python -m tests.servers.stalled prepare ...``.

``STALL_PLACE`` names the place, ``STALL_PIPES`` a folder with two named pipes: ``reached`` is written when the run
comes there, and it goes on when ``go`` is written. Without arguments it is the app.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from webtune_tui.cli import main as command_line
from webtune_tui.pipeline.corpus import Corpus
from webtune_tui.services import prepare, prepare_run
from webtune_tui.services.prepare_shards import Shards
from webtune_tui.storage.datasets import DatasetStore

PLACES = ("reading", "comparing", "storing", "sealed", "published")
NOWHERE = "nowhere"
_SMALL_RANGE = 60  # records: so that few make several parts
_SECOND = 2


def main() -> None:
    """The program."""
    prepare.WORKER = "tests.servers.stalled_worker"
    command_line.main()


def wait_at(place: str) -> None:
    """Makes the run of this process wait at a place, and share few records between two processes."""
    prepare_run._RANGE = _SMALL_RANGE
    prepare_run.workers_for = lambda _records: 2
    match place:
        case "reading":
            Shards.add = _before(Shards.add, _SECOND)  # type: ignore[method-assign]
        case "comparing":
            Corpus.decide = _deciding(Corpus.decide)  # type: ignore[method-assign]
        case "storing":
            DatasetStore.add_rows = _after(DatasetStore.add_rows)  # type: ignore[method-assign]
        case "sealed":
            DatasetStore.publish = _before(DatasetStore.publish, 1)  # type: ignore[method-assign]
        case "published":
            DatasetStore.publish = _after(DatasetStore.publish)  # type: ignore[method-assign]
        case _:
            assert place == NOWHERE, f"no such place: {place}"


def _wait() -> None:
    pipes = Path(os.environ["STALL_PIPES"])
    (pipes / "reached").open("w").close()
    (pipes / "go").read_bytes()


def _before(real: Callable[..., Any], call: int) -> Callable[..., Any]:
    calls = iter(range(1, sys.maxsize))

    def waiting(*arguments: Any) -> Any:
        if next(calls) == call:
            _wait()
        return real(*arguments)

    return waiting


def _after(real: Callable[..., Any]) -> Callable[..., Any]:
    def waiting(*arguments: Any) -> Any:
        answer = real(*arguments)
        _wait()
        return answer

    return waiting


def _deciding(real: Callable[..., Iterator[tuple[int, int]]]) -> Callable[..., Iterator[tuple[int, int]]]:
    def waiting(self: Corpus) -> Iterator[tuple[int, int]]:
        for number, told in enumerate(real(self)):
            if number == _SECOND:
                _wait()
            yield told

    return waiting


if __name__ == "__main__":
    main()
