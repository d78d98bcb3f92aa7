"""An example as a text for an editor reads back to the same messages, whatever they hold."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.domain.errors import InvalidInput
from webtune_tui.domain.example_text import from_text, to_text
from webtune_tui.domain.examples import Message

ODD = st.sampled_from(
    ["#: 1 user", "#:", "\\u{", "\\u{1B}", "\n", "\r\n", "\r", "\x1b", "\u200b", "\u202e", "\ud800", " ", ""]
)
TEXTS = st.lists(ODD | st.text(), max_size=6).map("".join)


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_every_text_comes_back(texts: list[str]) -> None:
    messages = [Message("user", text) for text in texts]
    written = to_text(messages)
    assert from_text(written, len(texts)) == texts
    assert from_text(written.replace("\n", "\r\n"), len(texts)) == texts
    assert not set(written) & set("\x1b\u200b\u202e\ud800\r")


def test_a_line_end_that_an_editor_takes_or_adds_changes_nothing() -> None:
    written = to_text([Message("user", "a"), Message("assistant", "b")])
    assert from_text(written.rstrip("\n"), 2) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#: 1 user\na\n", "1 of 2 messages"),
        ("#: 1 user\na\n#: 3 user\nb", "heading of message 2"),
        ("#: 1 user\n#: what\n#: 2 user\nb", "no heading"),
        ("hello\n#: 1 user\n", "before the first heading"),
        ("#: 1 user\n\\u{FFFFFF}\n#: 2 user\nb", "names no character"),
    ],
    ids=range(5),
)
def test_a_damaged_file_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        from_text(text, 2)


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["#:\n", "\\u{", "\x1b", "\\"], ids=range(4))
def test_a_megabyte_takes_linear_time(piece: str) -> None:
    start = time.process_time()
    text = piece * (1_000_000 // len(piece))
    assert from_text(to_text([Message("user", text)]), 1) == [text]
    assert time.process_time() - start < 5
