"""What changed between two texts is shown word by word, in lines of a width, whatever the texts hold."""

from __future__ import annotations

import time

import pytest
from rich.cells import cell_len

from webtune_tui.tui.presentation.word_diff import changes, flowed


def marked(before: str, after: str) -> tuple[str, str]:
    parts = changes(before, after)
    return (
        "".join(text for text, style in parts if style == "bad").strip(),
        "".join(text for text, style in parts if style == "good").strip(),
    )


@pytest.mark.parametrize(
    ("before", "after", "gone", "come"),
    [
        ("a kettle of steel", "a kettle of copper", "steel", "copper"),
        ("one two three", "one three", "two", ""),
        ("one three", "one two three", "", "two"),
        ("", "all new", "", "all new"),
        ("all gone", "", "all gone", ""),
        ("same", "same", "", ""),
    ],
)
def test_the_words_that_went_and_came_are_marked(before: str, after: str, gone: str, come: str) -> None:
    assert marked(before, after) == (gone, come)


def test_long_runs_that_stay_are_left_out() -> None:
    words = " ".join(f"w{n}" for n in range(500))
    shown = "".join(text for text, _ in changes(f"{words} old", f"{words} new"))
    assert "w499" in shown and "w100" not in shown and "…" in shown


@pytest.mark.parametrize(
    "text",
    ["x" * 100_000, "a b " * 50_000, " " * 100_000, "日本語" * 20_000],
    ids=["long", "words", "space", "cjk"],
)
def test_hostile_texts_take_bounded_time_and_keep_the_width(text: str) -> None:
    started = time.perf_counter()
    lines = flowed(changes(text, text[::-1] + "!"), 40, most=30)
    assert time.perf_counter() - started < 10
    assert len(lines) <= 30 and all(cell_len(line.plain) <= 40 for line in lines)


def test_nothing_of_a_text_acts_on_the_terminal() -> None:
    lines = flowed(changes("safe", "\x1b]0;title\x07 \u202e [@click=app.quit]x"), 30)
    assert all(character >= " " and character != "\u202e" for line in lines for character in line.plain)
