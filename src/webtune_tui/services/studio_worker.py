"""The studio's previews as a program of its own: a record of a megabyte costs the screen nothing.

The first line of stdin says where, each further one asks; answers come as ``[number, answer, failure]``. Of several
questions of one kind that wait, only the newest is worked on; the others are answered with nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from webtune_tui.pipeline.tokens import counter_for
from webtune_tui.services.program_side import Question, Questions
from webtune_tui.services.studio_bench import StudioBench

_REPLACED = ("choose", "preview", "step")


def main() -> None:
    """Answers until stdin ends."""
    questions = Questions()
    greeting = questions.greeting
    counter = counter_for(greeting["base_model"], Path(greeting["models"]))
    bench = StudioBench(Path(greeting["workspace"]), counter)
    questions.answer(partial(_answer, bench), is_replaced=_is_replaced)


def _is_replaced(question: Question, waiting: Sequence[Question]) -> bool:
    kind = question["ask"]
    return kind in _REPLACED and any(one["ask"] == kind for one in waiting)


def _answer(bench: StudioBench, question: Question) -> object:
    match question["ask"]:
        case "fields":
            return bench.fields()
        case "choose":
            return bench.choose(question["template"], question["choice"], question["count"], question["seed"])
        case "step":
            return bench.step(question["assignments"], question["step"], question["samples"])
    return bench.preview(question["template"], question["records"])


if __name__ == "__main__":
    main()
