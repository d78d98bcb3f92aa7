"""Examples written anew in a program of their own: cleaning records would hold every thread of the app.

There is one program in a process, whatever asks; it starts with the first question and ends after a minute without one.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import select
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from webtune_tui.domain.errors import InternalFault, Stopped, WebtuneError
from webtune_tui.pipeline.anew import Written
from webtune_tui.pipeline.recipe import Recipe
from webtune_tui.pipeline.template import ChatTemplate
from webtune_tui.pipeline.tokens import counter_for
from webtune_tui.services.bridge import child_program
from webtune_tui.services.program_side import failure, failure_body

_IDLE_SECONDS = 60.0
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Place:
    """Where the records are, and whose tokens are counted."""

    database: Path
    base_model: str
    models: Path


@dataclass(frozen=True, slots=True)
class Question:
    """Examples by their ids, each with those of its records, and how they shall be written."""

    place: Place
    recipe: Recipe
    template: ChatTemplate
    asked: Sequence[tuple[str, tuple[int, ...]]]


class AnewProgram:
    """The program; questions come one after the other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._program: subprocess.Popen[bytes] | None = None

    def made(self, question: Question, stopped: threading.Event | None = None) -> list[Written | str]:
        """What each example becomes, or why it is left as it is. Blocking.

        Raises:
            Stopped: ``stopped`` was set meanwhile. UsageError: the recipe does not fit. InternalFault: the program
                ended by itself.
        """
        with self._lock:
            for _ in range(2):  # it may have ended for want of questions
                answer = self._ask(question, stopped)
                if answer is not None:
                    break
        if answer is None:
            raise InternalFault("The program that writes examples anew ended by itself", hint="Try again.")
        if isinstance(answer, dict):
            raise failure(answer)
        return answer

    def close(self) -> None:
        """Ends the program."""
        with self._lock:
            self._end()

    def _ask(self, question: Question, stopped: threading.Event | None) -> list[Written | str] | dict[str, str] | None:
        """The answer, or a failure as plain values; ``None`` where the program is gone."""
        if self._program is None:
            self._program = child_program("webtune_tui.services.anew_child")
        assert self._program.stdin is not None and self._program.stdout is not None
        try:
            pickle.dump(question, self._program.stdin)
            self._program.stdin.flush()
            self._wait(self._program.stdout, stopped)
            answer: list[Written | str] | dict[str, str] = pickle.load(self._program.stdout)  # noqa: S301 - our own
        except (OSError, EOFError, pickle.UnpicklingError):
            self._end()
            return None
        return answer

    def _wait(self, stream: IO[bytes], stopped: threading.Event | None) -> None:
        """Waits for the answer; a program that is stopped meanwhile would answer nobody, and is ended."""
        while stopped is not None and os.name == "posix" and not select.select([stream], [], [], _LOOK_SECONDS)[0]:
            if stopped.is_set():
                self._end()
                raise Stopped

    def _end(self) -> None:
        if self._program is not None:
            self._program.kill()
            for pipe in (self._program.stdin, self._program.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):  # what it no longer reads
                        pipe.close()
            self._program.wait()
            self._program = None


@lru_cache(maxsize=1)
def anew_program() -> AnewProgram:
    """The one program of this process."""
    program = AnewProgram()
    atexit.register(program.close)
    return program


def main() -> None:
    """Answers until stdin ends, or nobody asks any more."""
    # compiled libraries that the app does without
    from webtune_tui.services.anew_maker import AnewMaker
    from webtune_tui.storage.database import Database

    database: Database | None = None
    place: Place | None = None
    maker: AnewMaker | None = None
    while True:
        idle = threading.Timer(_IDLE_SECONDS, os._exit, [0])
        idle.daemon = True
        idle.start()
        try:
            question: Question = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own
        except EOFError:
            break
        idle.cancel()
        if maker is None or place != question.place:
            if database is not None:
                database.close()
            place = question.place
            database = Database(place.database, read_only=True)
            maker = AnewMaker(database, counter_for(place.base_model, place.models))
        answer: Any
        try:
            answer = maker.made(question.recipe, question.template, question.asked)
        except WebtuneError as error:
            answer = failure_body(error)
        pickle.dump(answer, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    if database is not None:
        database.close()


if __name__ == "__main__":
    main()
