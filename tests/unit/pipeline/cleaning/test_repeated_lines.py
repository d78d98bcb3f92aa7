"""Repetitions within one text are reduced; verse, lists, tables and code are left as they are."""

from __future__ import annotations

import pytest

from webtune_tui.pipeline.cleaning import Cleaner

NOTE = "This mug keeps its warmth for hours at your desk."
JAPANESE = "軽くて丈夫なステンレス製のボトルで毎日使えます。"
PARAGRAPH = "The frame is made of ash and oiled by hand, so that it ages well over many years of use."


@pytest.mark.parametrize(
    ("text", "reduced", "gone"),
    [
        (f"{NOTE}\n{NOTE}\nEnd", f"{NOTE}\nEnd", 1),
        (f"{NOTE}\n\n{NOTE}\n\n{NOTE}", NOTE, 2),
        ("Buy it now\nBuy it now\nBuy it now", "Buy it now", 2),
        (f"{PARAGRAPH}\nShort.\n{PARAGRAPH}\nEnd.", f"{PARAGRAPH}\nShort.\nEnd.", 1),
        ("One part of it\nTwo parts of it\nThree parts of it\nOne part of it\nTwo parts of it\nThree parts of it\nEnd",
         "One part of it\nTwo parts of it\nThree parts of it\nEnd", 3),
        (f"{PARAGRAPH} {PARAGRAPH}", PARAGRAPH, 1),
        (f"{PARAGRAPH}\n\nNext.\n\n{PARAGRAPH}\n\nNext.", f"{PARAGRAPH}\n\nNext.", 2),
        (f"{JAPANESE}\n{JAPANESE}", JAPANESE, 1),
    ],
    ids=range(8),
)  # fmt: skip
def test_repetitions_are_reduced_and_counted(text: str, reduced: str, gone: int) -> None:
    cleaner = Cleaner()
    assert cleaner.clean(text) == reduced
    assert cleaner.removed == {"repeated_line": gone}


@pytest.mark.parametrize(
    "text",
    [
        "Row, row\nRow, row\nRow, row",
        "Let it be\nLet it be\nSpeak the words",
        "We sing the chorus here together\nA verse\nWe sing the chorus here together\nAnother",
        "A: yes\nB: no\nA: yes\nB: no",
        "- size S in blue cotton\n- size M in blue cotton\n- size L in blue cotton",
        "a | b | c d e f\na | b | c d e f",
        "x = next(items) + one + two;\nx = next(items) + one + two;",
        "> as he said it to all of us then\n> as he said it to all of us then",
        "* * * * * *\n* * * * * *",
        "1 2 3 4 5 6\n1 2 3 4 5 6",
        "```\nthe same line of code twice here\nthe same line of code twice here\n```",
        f"{NOTE}\nOther words\n{NOTE}",
        "no no no no no no",
    ],
    ids=range(13),
)
def test_what_repeats_for_a_reason_stays(text: str) -> None:
    assert Cleaner().clean(text) == text


def test_a_written_example_may_repeat_itself() -> None:
    assert Cleaner().clean(f"{NOTE}\n{NOTE}", is_written=True) == f"{NOTE}\n{NOTE}"
