"""Pieces of the example's view: diffs told without colour, flags in words, JSON that hides nothing, line ends kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.domain.examples import Example, Message, Split, chat_row
from webtune_tui.domain.safe_json import safe_json
from webtune_tui.tui.presentation.collections import title_of
from webtune_tui.tui.presentation.flag_words import FLAG_WORDS, flag_words
from webtune_tui.tui.presentation.json_lines import json_lines
from webtune_tui.tui.presentation.kept_lines import KeptLines
from webtune_tui.tui.presentation.marked_diff import message_changes

ODD_ENDS = "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


def told(before: str, after: str, width: int = 200) -> str:
    lines = message_changes([Message("user", before)], [Message("user", after)], width)
    return "\n".join(line.plain for line in lines)


def test_words_that_went_and_came_are_told_by_signs() -> None:
    assert told("the old red kettle", "the new red kettle now") == "  U the [-old-] {+new+} red kettle {+now+}"
    assert told("same", "same") == ""
    assert told("", "all new words") == "  U {+all new words+}"


def test_a_role_a_weight_and_a_message_more_are_told() -> None:
    before = [Message("user", "a"), Message("assistant", "b")]
    after = [Message("user", "a"), Message("assistant", "b", weight=0), Message("tool\x1b", "c")]
    words = "\n".join(line.plain for line in message_changes(before, after, 60))
    assert "A weight none is now 0" in words and "a message more" in words and "{+c+}" in words and "\x1b" not in words


@given(st.text(), st.text(), st.integers(8, 80))
def test_no_line_of_a_diff_is_wider_than_the_view(before: str, after: str, width: int) -> None:
    from rich.cells import cell_len

    lines = list(message_changes([Message("user", before)], [Message("user", after)], width))
    assert all(cell_len(line.plain) <= width + 2 for line in lines)


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("redacted:email", "an e-mail address was replaced by a placeholder such as [EMAIL]"),
        ("redacted:\x1b[2J", "find of the kind ␛[2J"),
        ("tag:keep", "Tagged “keep” by hand"),
        ("near_duplicate", "almost the same"),
        ("some_new-flag", "Some new flag."),
    ],
    ids=range(5),
)
def test_a_flag_is_told_in_words(flag: str, words: str) -> None:
    assert words in flag_words(flag)


def test_every_known_flag_is_a_sentence() -> None:
    assert all(words.endswith(".") and words[0].isupper() for words in FLAG_WORDS.values())


@given(st.text(), st.integers(20, 120))
def test_json_lines_hold_all_of_the_text(text: str, width: int) -> None:
    example = Example("ex-1", Split.TRAIN, (Message("user", text), Message("assistant", "a", 0, {"name": text})))
    joined = "".join(line.plain for line in json_lines(example, width))
    assert "".join(joined.split()) == "".join(safe_json(chat_row(example.messages)).split())


@given(st.text(alphabet=st.characters() | st.sampled_from(ODD_ENDS + "\n\uf8a0")))
def test_odd_line_ends_are_hidden_from_a_field_and_come_back(text: str) -> None:
    kept = KeptLines(text)
    hidden = kept.hidden(text)
    assert kept.told(hidden) == text
    assert len(hidden) == len(text) and not set(hidden) & set(ODD_ENDS)


def test_a_chat_record_is_recognised_by_what_is_asked_in_it() -> None:
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Que horas são?\nAgora."}]
    assert title_of({"source": "pt", "messages": turns}) == "Que horas são?⏎Agora."
    assert title_of({"source": "pt", "messages": ["odd", 7]}) == "pt"
    assert title_of({"messages": "no list"}) == "no list"
    assert title_of({"title": "Bottle", "messages": turns}) == "Bottle"
