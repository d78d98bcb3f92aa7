"""Forum threads: a question post and its answers, the accepted or best of them told from the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from webtune_tui.pipeline.columns import Columns
from webtune_tui.pipeline.placeholders import is_placeholder
from webtune_tui.pipeline.template import as_text
from webtune_tui.pipeline.wording import is_same_wording

ANSWERS = ("answers", "solutions", "responses", "comments", "replies", "top_visible_comments")
_SURELY_ANSWERS = ("answers", "solutions")
ACCEPTED_ID = ("accepted_answer_id", "acceptedanswerid", "best_answer_id", "solution_id")
_TEXTS = ("answer", "answer_text", "text", "body", "content", "comment", "comment_text", "reply", "message")
_MARKS = (
    "accepted", "is_accepted", "accepted_answer", "best", "is_best", "is_best_answer", "best_answer", "is_solution",
    "solution", "is_answer", "chosen",
)  # fmt: skip
_SCORES = (
    "score", "votes", "vote_count", "num_votes", "upvotes", "num_upvotes", "likes", "num_likes", "like_count", "points",
    "rating", "helpful", "helpful_count",
)  # fmt: skip
_IDS = ("answer_id", "id", "comment_id", "reply_id", "post_id")
_GONE = frozenset({"[deleted]", "[removed]", "deleted", "removed"})


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to a post. ``score`` is what people gave it, ``None`` where that is not known."""

    text: str
    score: float | None
    is_accepted: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """A better and a worse answer to one prompt."""

    chosen: str
    rejected: str


def answers_in(value: Any, accepted_id: str = "") -> list[Answer]:
    """The answers of a list of objects, in their order; empty for any other value. Deleted ones are left out."""
    if not isinstance(value, list | tuple):
        return []
    found = [_answer(item, accepted_id) for item in value if isinstance(item, Mapping)]
    return [answer for answer in found if answer.text and answer.text.lower() not in _GONE]


def best_of(answers: Sequence[Answer]) -> Answer | None:
    """The accepted answer, else the one with the highest score, else the only one; ``None`` where nothing tells."""
    accepted = [answer for answer in answers if answer.is_accepted]
    if accepted:
        return max(accepted, key=_score)
    scored = [answer for answer in answers if answer.score is not None]
    if scored:
        return max(scored, key=_score)
    return answers[0] if len(answers) == 1 else None


def pair_of(answers: Sequence[Answer], margin: float = 1.0) -> Pair | None:
    """The best and the worst answer, where they differ by at least ``margin`` and in more than their spacing.

    An accepted answer is better than any that was rated lower; without a score there is nothing to compare.
    """
    best = best_of(answers)
    if best is None or best.score is None:
        return None
    others = [one for one in answers if one.score is not None and not one.is_accepted and one is not best]
    worst = min(others, key=_score, default=None)
    if worst is None or _score(best) - _score(worst) < margin or is_same_wording(best.text, worst.text):
        return None
    return Pair(best.text, worst.text)


def answers_of(row: Columns, asks: bool) -> list[Answer]:
    """The answers to a post. Comments and replies count as answers only where the post ``asks`` something."""
    accepted_id = as_text(row.get(*ACCEPTED_ID))
    for name in ANSWERS if asks else _SURELY_ANSWERS:
        found = answers_in(row.get(name), accepted_id)
        if found:
            return found
    return []


def _answer(item: Mapping[str, Any], accepted_id: str) -> Answer:
    row = Columns(item)
    text = next((text for name in _TEXTS if isinstance(value := row.get(name), str) and (text := value.strip())), "")
    is_accepted = any(_is_true(row.get(mark)) for mark in _MARKS)
    if accepted_id and not is_accepted:
        is_accepted = as_text(row.get(*_IDS)) == accepted_id
    return Answer("" if is_placeholder(text) else text, _number(row), is_accepted)


def _is_true(value: Any) -> bool:
    return value is True or value == 1 or (isinstance(value, str) and value.strip().lower() in ("true", "yes", "1"))


def _number(row: Columns) -> float | None:
    """The first of the scores that is a finite number."""
    for name in _SCORES:
        value = row.get(name)
        if isinstance(value, str):
            value = value.strip().replace(",", "")
        elif isinstance(value, bool) or not isinstance(value, int | float):
            continue
        try:
            number = float(value)
        except (ValueError, OverflowError):
            continue
        if isfinite(number):
            return number
    return None


def _score(answer: Answer) -> float:
    return answer.score if answer.score is not None else float("-inf")
