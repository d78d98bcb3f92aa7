"""Hostile texts are cleaned in time that grows with their length and not faster."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence

import pytest

from webtune_tui.pipeline.cleaning import Cleaner
from webtune_tui.pipeline.placeholders import is_placeholder
from webtune_tui.pipeline.recurring_lines import Lines, seen_text, without_lines

UNITS = {
    "tags": "<div>", "open tags": "<a ", "less": "<", "amp": "&amp;", "numbered amp": "&#38;#38;", "encoded": "&lt;",
    "spaces": " ", "escapes": "\x1b[", "titles": "\x1b]0;t", "scripts": "<script>", "pictures": "<svg>",
    "comments": "<!--",
    "ends": "</td ", "tables": "<table><tr><td>", "lists": "<ol><li>x", "code": "<pre>\n", "quotes": "<a title='",
    "newlines": "\n ", "items": "\n  - x", "lines": "a line of five words here\n", "mojibake": "Ã©", "lead bytes": "Ã",
    "zero width": "\u200b", "family": "👩\u200d", "hidden prompt": "\U000e0041", "variants": "a\ufe0f",
    "marks": "e\u0301", "look-alikes": "аa", "token": "<|im_start|>", "half tokens": "<|a", "fences": "```\nx\n",
    "words": "word ", "dots": "A b. ", "flags": "\U0001f3f4\U000e0067", "surrogates": "\ud800", "terms": "<dt>a<dd>b",
}  # fmt: skip


def stairs(size: int) -> str:
    return "".join(" " * (number % 400) + "- x\n" for number in range(size // 200))


def nearly_a_block(size: int) -> str:
    half = "".join(f"a line of five words {number}\n" for number in range(size // 60))
    return f"{half}X\n{half}Y\n"


MADE: dict[str, Callable[[int], str]] = {"stairs": stairs, "nearly a block": nearly_a_block}
MADE |= {name: lambda size, unit=unit: unit * (size // len(unit)) for name, unit in UNITS.items()}  # type: ignore[misc]


def seconds(work: Callable[[str], object], text: str) -> float:
    gc.disable()  # in a process with a long past one collection takes longer than the work
    try:
        start = time.process_time()
        work(text)
        return time.process_time() - start
    finally:
        gc.enable()


def takes_too_long(work: Callable[[str], object], texts: Sequence[str], most: float, free: float) -> bool:
    """Whether the last text takes more than ``most`` times as long as the first, and ``free`` seconds more.

    The best of three counts; one is enough where it is good enough.
    """
    best = [float("inf")] * len(texts)
    for _ in range(3):
        best = [min(before, seconds(work, text)) for before, text in zip(best, texts, strict=True)]
        if best[-1] < most * best[0] + free:
            return False
    return True


def clean_twice(text: str) -> None:
    once = Cleaner().clean(text)
    assert Cleaner().clean(once) == once


def survey(text: str) -> None:
    is_placeholder(text)
    seen_text("key", text)
    without_lines(text, Lines.of(["free shipping on all orders.", "x"]))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", MADE)
def test_twice_the_text_takes_about_twice_the_time(name: str) -> None:
    make = MADE[name]
    for work in (clean_twice, survey):
        assert not takes_too_long(work, [make(60_000), make(240_000)], 9, 0.1), work


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", MADE)
def test_a_megabyte_is_worked_through(name: str) -> None:
    make = MADE[name]
    for work in (clean_twice, survey):
        assert not takes_too_long(work, [make(500_000), make(1_000_000)], 4, 0.2), work
