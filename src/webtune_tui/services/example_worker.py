"""Checks one example at a time, as a program of its own: counting and looking for personal data costs the screen
nothing, whatever the text is.

The first line of stdin says how to count, each further one asks; answers come as ``[number, answer, failure]``. Of
several questions that wait, only the newest is worked on.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from webtune_tui.domain.example_checks import TokenLimits
from webtune_tui.domain.examples import decode_messages
from webtune_tui.pipeline.example_check import check
from webtune_tui.pipeline.tokens import TokenCounter, counter_for
from webtune_tui.services.program_side import Question, Questions


def main() -> None:
    """Answers until stdin ends."""
    questions = Questions()
    counter = counter_for(questions.greeting["base_model"], Path(questions.greeting["models"]))
    questions.answer(partial(_answer, counter), is_replaced=lambda _, waiting: bool(waiting))


def _answer(counter: TokenCounter, question: Question) -> object:
    found = check(decode_messages(question["messages"]), counter, TokenLimits(**question["limits"]))
    remarks = [[one.code, one.words, one.place, one.is_error] for one in found.remarks]
    return [found.tokens, found.total, found.encoding, remarks]


if __name__ == "__main__":
    main()
