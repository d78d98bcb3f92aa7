"""Preference pairs: from rows in every usual shape, and from edits."""

from __future__ import annotations

from typing import Any

import pytest

from webtune_tui.domain.examples import Message
from webtune_tui.pipeline.base import Conversation
from webtune_tui.pipeline.build_plan import BuildPlan
from webtune_tui.pipeline.builders.preference_rows import BUILDER
from webtune_tui.pipeline.preferences import pairs_from_edits, rejected_of, turns_in, with_rejected
from webtune_tui.pipeline.recipe import builders

PAIRS = BuildPlan(preferences=True)


def turn(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "content": content}


SHAPES: dict[str, dict[str, Any]] = {
    "texts": {"prompt": "Q", "chosen": "good", "rejected": "bad"},
    "question": {"question": "Q", "chosen": "good", "rejected": "bad"},
    "turns": {
        "prompt": [turn("user", "Q")], "chosen": [turn("assistant", "good")], "rejected": [turn("assistant", "bad")],
    },
    "text prompt": {"prompt": "Q", "chosen": [turn("assistant", "good")], "rejected": [turn("assistant", "bad")]},
    "whole": {
        "prompt": "Q", "score_chosen": 9.0,
        "chosen": [turn("user", "Q"), turn("assistant", "good")],
        "rejected": [turn("user", "Q"), turn("assistant", "bad")],
    },
    "marked": {"chosen": "\n\nHuman: Q\n\nAssistant: good", "rejected": "\n\nHuman: Q\n\nAssistant: bad"},
    "preferred": {
        "input": {"messages": [turn("user", "Q")], "tools": [], "parallel_tool_calls": True},
        "preferred_output": [turn("assistant", "good")],
        "non_preferred_output": [turn("assistant", "bad")],
    },
    "from": {
        "chosen": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "good"}],
        "rejected": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "bad"}],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_a_row_with_both_answers_keeps_both_where_pairs_are_wanted(name: str) -> None:
    row = SHAPES[name]
    assert next(builder for builder in builders() if builder.accepts(row)) is BUILDER
    (made,) = BUILDER.build_all(row, PAIRS)
    assert [(m.role, m.content) for m in made.messages] == [("user", "Q"), ("assistant", "good")]
    assert rejected_of(made.messages) == "bad"
    assert made.values == ("Q",)
    (plain,) = BUILDER.build_all(row, BuildPlan())
    assert rejected_of(plain.messages) == ""
    assert plain == BUILDER.build(row)


def test_what_stands_beside_the_prompt_is_kept() -> None:
    (made,) = BUILDER.build_all(
        {"system": "S", "instruction": "I", "input": "C", "chosen": "g", "rejected": "b"}, PAIRS
    )
    assert [(m.role, m.content) for m in made.messages[:2]] == [("system", "S"), ("user", "I\n\nC")]
    (tools,) = BUILDER.build_all(SHAPES["preferred"], PAIRS)
    assert tools.messages[0].extra == {"parallel_tool_calls": True}


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "Q", "chosen": "same", "rejected": "Same."},
        {"prompt": "Q", "chosen": "good", "rejected": ""},
        {"prompt": "Q", "chosen": "good", "rejected": None},
        {
            "chosen": [turn("user", "Q"), turn("assistant", "good")],
            "rejected": [turn("user", "another"), turn("assistant", "bad")],
        },
    ],
    ids=["same", "empty", "none", "another prompt"],
)
def test_two_answers_that_can_not_be_compared_are_no_pair(row: dict[str, Any]) -> None:
    (made,) = BUILDER.build_all(row, PAIRS)
    assert made.messages[-1].role == "assistant"
    assert rejected_of(made.messages) == ""


@pytest.mark.parametrize(
    "row",
    [
        {"chosen": "x", "rejected": "y"},
        {"chosen": [], "rejected": []},
        {"chosen": [turn("user", "Q")], "rejected": 3},
    ],
    ids=["texts", "empty", "prompt"],
)
def test_a_row_without_a_prompt_makes_nothing(row: dict[str, Any]) -> None:
    assert list(BUILDER.build_all(row, PAIRS)) == []


def test_an_edited_answer_is_better_than_what_stood_there() -> None:
    before = (Message("user", "Q"), Message("assistant", "A bad answer."))
    after = (Message("user", "Q"), Message("assistant", "A good answer."))
    pair = pairs_from_edits(before, after)
    assert pair is not None
    assert (pair[-1].content, rejected_of(pair)) == ("A good answer.", "A bad answer.")


@pytest.mark.parametrize(
    "after",
    [
        (Message("user", "Q"), Message("assistant", "a  bad answer")),
        (Message("user", "Other"), Message("assistant", "Good.")),
        (Message("user", "Q"), Message("assistant", "")),
        (Message("assistant", "Good."),),
        (),
    ],
    ids=["spacing", "prompt", "empty", "fewer", "nothing"],
)
def test_an_edit_that_says_nothing_of_the_answers_is_no_pair(after: tuple[Message, ...]) -> None:
    assert pairs_from_edits((Message("user", "Q"), Message("assistant", "A bad answer.")), after) is None


def test_an_edit_keeps_a_pair_that_the_row_brought_apart() -> None:
    before = with_rejected(Conversation((Message("user", "Q"), Message("assistant", "fine")), ()), "worst").messages
    edited = (Message("user", "Q"), Message("assistant", "best", extra=before[-1].extra))
    pair = pairs_from_edits(before, edited)
    assert pair is not None and rejected_of(pair) == "fine"


def test_marked_texts_are_read_in_time_that_grows_with_their_length() -> None:
    assert len(turns_in("Human: a" + "\n\nAssistant: b\n\nHuman: c" * 10_000)) == 20_001
    assert len(turns_in("Human: a\n\nAssistant: b" + "\n\nHuman: c" * 90_000)) == 90_002
