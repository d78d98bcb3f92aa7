"""Threads: which answer is the best, which pair of answers says something, and when a post asks."""

from __future__ import annotations

from typing import Any

import pytest

from webtune_tui.pipeline.build_plan import BuildPlan
from webtune_tui.pipeline.builders.named_turns import BUILDER as NAMED_TURNS
from webtune_tui.pipeline.builders.texts import BUILDER as TEXTS
from webtune_tui.pipeline.preferences import rejected_of
from webtune_tui.pipeline.threads import Answer, answers_in, best_of, pair_of

LOW = {"comment": "Hit it with a hammer.", "num_upvotes": "-3"}
HIGH = {"comment": "Descale it with vinegar, overnight.", "num_upvotes": 41}
MIDDLE = {"comment": "Buy a new one.", "num_upvotes": 7, "accepted": False}
POST = {
    "title": "Why does my kettle leak?", "description": "It began yesterday.", "community_name": "tea",
    "comments": [LOW, HIGH, MIDDLE, {"comment": "[deleted]", "num_upvotes": 99}],
}  # fmt: skip
QUESTIONS = BuildPlan(documents="question")
PAIRS = BuildPlan(preferences=True)


def made(row: dict[str, Any], plan: BuildPlan) -> list[tuple[str, str]]:
    built = TEXTS.build_all(row, plan)
    return [(m.role, m.content) for m in built[0].messages]


def test_the_accepted_answer_goes_before_the_best_rated_one() -> None:
    answers = answers_in([LOW, HIGH, {**MIDDLE, "accepted": True}])
    assert (best := best_of(answers)) is not None and best.text == "Buy a new one."
    by_id = answers_in([{"id": 5, "text": "a", "score": 9}, {"id": 6, "text": "b", "score": 1}], accepted_id="6")
    assert (best := best_of(by_id)) is not None and best.text == "b"


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        ([HIGH, LOW], HIGH["comment"]),
        ([{"text": "only"}], "only"),
        ([{"text": "one"}, {"text": "two"}], None),
        ([{"text": "one", "score": True}, {"text": "two", "score": "many"}], None),
        ([{"text": "one", "score": 10**400}, {"text": "two", "score": 1}], "two"),
        ([{"text": "one", "score": float("nan")}, {"text": "two", "score": "1,200"}], "two"),
        ("no list", None),
        ([{"text": "N/A", "score": 3}], None),
    ],
    ids=["rated", "only", "unrated", "no number", "huge", "not a number", "text", "placeholder"],
)
def test_the_best_answer_is_told_by_votes_or_not_at_all(answers: Any, text: str | None) -> None:
    best = best_of(answers_in(answers))
    assert (best.text if best else None) == text


def test_a_pair_needs_a_margin_and_two_wordings() -> None:
    answers = answers_in([LOW, HIGH, MIDDLE])
    pair = pair_of(answers)
    assert pair is not None and (pair.chosen, pair.rejected) == (HIGH["comment"], LOW["comment"])
    assert pair_of(answers, margin=45) is None
    assert pair_of([Answer("Same.", 5, False), Answer("same", 1, False)]) is None
    assert pair_of([Answer("a", None, True), Answer("b", None, False)]) is None
    assert pair_of([Answer("a", 1, True), Answer("b", 9, False)]) is None


def test_a_question_post_is_answered_by_its_best_comment() -> None:
    told = made(POST, QUESTIONS)
    assert told[1:] == [
        ("user", "Why does my kettle leak?\n\nIt began yesterday."), ("assistant", HIGH["comment"]),
    ]  # fmt: skip
    assert made(POST, BuildPlan())[1][1].startswith("Write the text titled")


def test_a_post_that_asks_nothing_keeps_its_own_text_as_the_answer() -> None:
    told = made({**POST, "title": "My kettle", "description": "It is a good one."}, QUESTIONS)
    assert told[-1] == ("assistant", "It is a good one.")


def test_answers_belong_to_a_post_whatever_its_title_says() -> None:
    row = {"title": "Leaking kettle", "body": "See the photo.", "answers": [HIGH, LOW]}
    assert made(row, QUESTIONS)[-1] == ("assistant", HIGH["comment"])


def test_votes_make_a_pair_and_reviews_do_not() -> None:
    built = TEXTS.build_all(POST, PAIRS)[0]
    assert (built.messages[-1].content, rejected_of(built.messages)) == (HIGH["comment"], LOW["comment"])
    alone = TEXTS.build_all({**POST, "comments": [HIGH]}, PAIRS)[0]
    assert alone == TEXTS.build({**POST, "comments": [HIGH]})
    review = {"title": "Is it good?", "review_text": "Yes.", "rating": 5}
    assert rejected_of(TEXTS.build_all(review, PAIRS)[0].messages) == ""


def test_a_question_row_with_rated_answers_takes_the_best_and_keeps_the_worst() -> None:
    row = {"question": "Why?", "answers": [{"text": "Because.", "score": 1}, {"text": "It is old.", "score": 8}]}
    built = NAMED_TURNS.build(row)
    assert built is not None and built.messages[-1].content == "It is old."
    paired = NAMED_TURNS.build_all(row, PAIRS)[0]
    assert rejected_of(paired.messages) == "Because."
    first = NAMED_TURNS.build({"question": "Why?", "answers": [{"text": "One."}, {"text": "Two."}]})
    assert first is not None and first.messages[-1].content == "One."
