"""What the programs share that work beside the screen: what they are asked, what they tell, and how they end.

The parent keeps stdin open; its end is the end of the work, also where the parent was killed. What is told goes to
stdout, one JSON value a line.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from webtune_tui.domain import errors
from webtune_tui.domain.errors import InternalFault, WebtuneError

Question = Mapping[str, Any]


def request() -> dict[str, Any]:
    """The one request of a run. From then on the program ends with its parent."""
    asked: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    return asked


def tell(*told: object) -> None:
    """Writes a line for the parent."""
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n")
    sys.stdout.buffer.flush()


def failure_body(error: WebtuneError) -> dict[str, Any]:
    """An error as it is told to the parent."""
    return {"class": type(error).__name__, "message": error.message, "hint": error.hint}


def failure(body: Mapping[str, Any]) -> WebtuneError:
    """The error that a program told."""
    known = getattr(errors, body["class"], InternalFault)
    error: WebtuneError = known(body["message"], hint=body["hint"])
    return error


class Questions:
    """The questions of the parent, one after the other until stdin ends; the first line of stdin is no question."""

    def __init__(self) -> None:
        self.greeting: Question = json.loads(sys.stdin.buffer.readline())
        self._asked: queue.SimpleQueue[Question] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def answer(
        self, answer: Callable[[Question], object], *, is_replaced: Callable[[Question, Sequence[Question]], bool]
    ) -> None:
        """Answers each as ``[number, answer, failure]``; one that those waiting behind it replace, with nothing."""
        waiting: list[Question] = []
        while True:
            if not waiting:
                waiting.append(self._asked.get())
            while not self._asked.empty():
                waiting.append(self._asked.get())
            question = waiting.pop(0)
            if is_replaced(question, waiting):
                tell(question["number"], None, None)
                continue
            try:
                tell(question["number"], answer(question), None)
            except WebtuneError as error:
                tell(question["number"], None, failure_body(error))

    def _read(self) -> None:
        for line in sys.stdin.buffer:
            self._asked.put(json.loads(line))
        os._exit(0)


def _end_with_parent() -> None:
    while os.read(0, 65_536):  # not through sys.stdin, whose lock would hold up the program's own end
        pass
    os._exit(0)
