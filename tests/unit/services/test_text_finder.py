"""A text is found however a file writes it, and not where it does not stand."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webtune_tui.services.text_finder import TextFinder

CASES = [
    ("Number", b"a number, a Number", 12),
    ("number", b"a NUMBER", 2),
    ("ção", 'a "PROMOÇÃO"'.encode(), 8),
    ("promoção", b'a "promo\\u00e7\\u00e3o"', 3),
    ("Ação", "a ação".encode(), -1),
    ("日本", b'"\\u65E5\\u672C"', 1),
    ("日本", '"日本"'.encode(), 1),
    ("привет", '"ПРИВЕТ"'.encode(), 1),
    ("😀", b'"\\ud83d\\ude00"', 1),
    ('say "hi"', b'"say \\"hi\\""', 1),
    ("a/b", b'"a\\/b"', 1),
    ("<b>", b'"\\u003cb\\u003e"', 1),
    ("two\nlines", b'"two\\nlines"', 1),
    ("café", "cafe\u0301".encode(), 0),
    ("[@click=x]", b"[@click=x]", 0),
    ("\x1b[2J", b'"\\u001b[2J"', 1),
]


@pytest.mark.parametrize(("text", "data", "place"), CASES, ids=[str(number) for number in range(len(CASES))])
def test_a_text_is_found_as_json_writes_it(text: str, data: bytes, place: int) -> None:
    finder = TextFinder(text)
    assert finder.first(data) == finder.last(data, len(data)) == place


@settings(max_examples=60)
@given(st.text(min_size=1, max_size=12), st.text(max_size=12), st.booleans())
def test_whatever_json_writes_is_found(text: str, around: str, is_ascii: bool) -> None:
    data = json.dumps({"a": around + text + around}, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    finder = TextFinder(text)
    assert finder.first(data) >= 0
    assert finder.last(data, len(data)) >= 0


@pytest.mark.parametrize("text", ["ão" * 60, "a" * 500, "é", "aaaa é"], ids=["accents", "one letter", "one", "anchor"])
def test_the_worst_text_takes_time_in_proportion_to_the_data(text: str) -> None:
    finder = TextFinder(text)
    worst = ("ão" * 150 + "a" * 400 + "é").encode() * 100

    def seconds(data: bytes) -> float:
        started = time.perf_counter()
        finder.first(data + b" ")
        return time.perf_counter() - started

    assert min(seconds(worst * 4) for _ in range(3)) < 40 * max(min(seconds(worst) for _ in range(3)), 1e-4)
