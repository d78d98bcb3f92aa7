"""The studio's previews as a program of its own: a record of a megabyte costs the screen nothing.

The first line of stdin says where, each further one asks; answers come as ``[number, answer, failure]``. Of several
questions of one kind that wait, only the newest is worked on; the others are answered with nothing.
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
from webtune_tui.pipeline.tokens import counter_for
from webtune_tui.services.studio_bench import StudioBench

_REPLACED = ("choose", "preview", "step")


def main() -> None:
    """Answers until stdin ends."""
    greeting = json.loads(sys.stdin.buffer.readline())
    questions: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(questions,), daemon=True).start()
    counter = counter_for(greeting["base_model"], Path(greeting["models"]))
    bench = StudioBench(Path(greeting["workspace"]), counter)
    waiting: list[Mapping[str, Any]] = []
    while True:
        if not waiting:
            waiting.append(questions.get())
        while not questions.empty():
            waiting.append(questions.get())
        question = waiting.pop(0)
        kind = question["ask"]
        if kind in _REPLACED and any(one["ask"] == kind for one in waiting):
            _tell(question["number"], None, None)
            continue
        try:
            _tell(question["number"], _answer(bench, question), None)
        except WebtuneError as error:
            failure = {"class": type(error).__name__, "message": error.message, "hint": error.hint}
            _tell(question["number"], None, failure)


def _answer(bench: StudioBench, question: Mapping[str, Any]) -> object:
    match question["ask"]:
        case "fields":
            return bench.fields()
        case "choose":
            return bench.choose(question["template"], question["choice"], question["count"], question["seed"])
        case "step":
            return bench.step(question["assignments"], question["step"], question["samples"])
    return bench.preview(question["template"], question["records"])


def _tell(number: int, answer: object, failure: Mapping[str, Any] | None) -> None:
    sys.stdout.buffer.write(json.dumps([number, answer, failure]).encode() + b"\n")
    sys.stdout.buffer.flush()


def _read(questions: queue.SimpleQueue[Mapping[str, Any]]) -> None:
    for line in sys.stdin.buffer:
        questions.put(json.loads(line))
    os._exit(0)  # the end of stdin is the end of the work


if __name__ == "__main__":
    main()
