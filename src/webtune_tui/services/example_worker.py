"""Checks one example at a time, as a program of its own: counting and looking for personal data costs the screen
nothing, whatever the text is.

The first line of stdin says how to count, each further one asks; answers come as ``[number, answer, failure]``. Of
several questions that wait, only the newest is worked on.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.example_checks import TokenLimits
from webtune_tui.domain.examples import decode_messages
from webtune_tui.pipeline.example_check import check
from webtune_tui.pipeline.tokens import counter_for


def main() -> None:
    """Answers until stdin ends."""
    greeting = json.loads(sys.stdin.buffer.readline())
    questions: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(questions,), daemon=True).start()
    counter = counter_for(greeting["base_model"], Path(greeting["models"]))
    waiting: list[Mapping[str, Any]] = []
    while True:
        if not waiting:
            waiting.append(questions.get())
        while not questions.empty():
            waiting.append(questions.get())
        question = waiting.pop(0)
        if waiting:
            _tell(question["number"], None, None)
            continue
        messages = decode_messages(question["messages"])
        try:
            found = check(messages, counter, TokenLimits(**question["limits"]))
        except WebtuneError as error:
            _tell(
                question["number"], None, {"class": type(error).__name__, "message": error.message, "hint": error.hint}
            )
            continue
        remarks = [[one.code, one.words, one.place, one.is_error] for one in found.remarks]
        _tell(question["number"], [found.tokens, found.total, found.encoding, remarks], None)


def _tell(number: int, answer: object, failure: Mapping[str, Any] | None) -> None:
    sys.stdout.buffer.write(json.dumps([number, answer, failure]).encode() + b"\n")
    sys.stdout.buffer.flush()


def _read(questions: queue.SimpleQueue[Mapping[str, Any]]) -> None:
    for line in sys.stdin.buffer:
        questions.put(json.loads(line))
    os._exit(0)  # the end of stdin is the end of the work


if __name__ == "__main__":
    main()
