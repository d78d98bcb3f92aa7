"""Counting tokens in a program of its own: loading the vocabulary would hold every thread for half a second."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from webtune_tui.domain.errors import ExtraMissing, InternalFault
from webtune_tui.pipeline.tokens import TokenCounter, counter_for
from webtune_tui.services.asked_program import IDLE_SECONDS
from webtune_tui.services.bridge import child_program


class ChildCounter:
    """A token counter for the app: the same counts as in this process, and no stop of the screen.

    The program starts with the first count. It ends with this process, and by itself after some idle seconds; the
    next count then starts it again.
    """

    def __init__(self, base_model: str, models: Path, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._base_model = base_model
        self._models = models
        self._lock = threading.Lock()
        self._program: subprocess.Popen[bytes] | None = None

    @property
    def encoding(self) -> str:
        """The vocabulary's name."""
        return counter_for(self._base_model, self._models).encoding

    def count(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text; blocking, call it in a thread.

        Raises:
            ExtraMissing: the base's own tokenizer needs a package that is not installed.
        """
        with self._lock:
            for _ in range(2):
                answer = self._ask(texts)
                if answer is not None:
                    break
        if answer is None:
            raise InternalFault("The token counter ended by itself", hint="Try again.")
        if isinstance(answer, str):
            raise ExtraMissing(answer, hint='pip install "webtune-tui[local]"')
        return answer

    @property
    def pid(self) -> int | None:
        """The program's process id, also of one that just ended by itself."""
        return self._program.pid if self._program is not None else None

    def close(self) -> None:
        """Ends the program."""
        with self._lock:
            self._end()

    def _ask(self, texts: Sequence[str]) -> list[int] | str | None:
        """The counts, the reason why there are none, or ``None`` where the program is gone."""
        if self._program is None:
            self._program = child_program("webtune_tui.services.token_child")
            self._send(
                {"base_model": self._base_model, "models": str(self._models), "idle_seconds": self._idle_seconds}
            )
        assert self._program.stdout is not None
        try:
            self._send(list(texts))
            line = self._program.stdout.readline()
        except OSError:
            line = b""
        if not line:
            self._end()
            return None
        answer: list[int] | str = json.loads(line)
        return answer

    def _send(self, body: object) -> None:
        assert self._program is not None and self._program.stdin is not None
        self._program.stdin.write(json.dumps(body).encode() + b"\n")
        self._program.stdin.flush()

    def _end(self) -> None:
        if self._program is not None:
            for pipe in (self._program.stdin, self._program.stdout):
                if pipe is not None:
                    with contextlib.suppress(BrokenPipeError):  # what it was to read, and is gone
                        pipe.close()
            self._program.wait()
            self._program = None


@lru_cache(maxsize=4)
def child_counter(base_model: str, models: Path) -> TokenCounter:
    """The one counter of this process for a base."""
    counter = ChildCounter(base_model, models)
    atexit.register(counter.close)
    return counter


def main() -> None:
    """Answers lines of texts with lines of counts until stdin ends, or nobody has asked for a while."""
    asked = json.loads(sys.stdin.buffer.readline())
    counter = counter_for(asked["base_model"], Path(asked["models"]))
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    while line := _next(lines, asked["idle_seconds"]):
        try:
            answer: object = counter.count(json.loads(line))
        except ExtraMissing as error:
            answer = error.message
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()
    os._exit(0)  # the thread may hold stdin


def _next(lines: queue.SimpleQueue[bytes], idle_seconds: float) -> bytes:
    try:
        return lines.get(timeout=idle_seconds)
    except queue.Empty:
        return b""  # who asks just now finds nobody, and asks a new program


def _read(lines: queue.SimpleQueue[bytes]) -> None:
    for line in sys.stdin.buffer:
        lines.put(line)
    lines.put(b"")


if __name__ == "__main__":
    main()
