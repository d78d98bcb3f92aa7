"""Two passes over the same examples: what they agree on, and what is kept of a review."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.domain.reviews import VERDICTS, Pass, Review, agreement, decode, encode

IDS = tuple(f"ex-{number}" for number in range(50))


def passes(*counts: tuple[str, str, int]) -> tuple[Pass, Pass]:
    """Two passes with so many examples of each pair of verdicts."""
    pairs = [(left, right) for left, right, number in counts for _ in range(number)]
    one = {example_id: left for example_id, (left, _) in zip(IDS, pairs, strict=False)}
    other = {example_id: right for example_id, (_, right) in zip(IDS, pairs, strict=False)}
    return Pass("ana", one), Pass("ben", other)  # type: ignore[arg-type]


def test_kappa_is_that_of_the_textbook() -> None:
    found = agreement(
        IDS, *passes(("keep", "keep", 20), ("keep", "drop", 5), ("drop", "keep", 10), ("drop", "drop", 15))
    )
    assert (found.compared, found.agreed, found.share) == (50, 35, 0.7)
    assert found.kappa == pytest.approx(0.4)
    assert found.differing == IDS[20:35]


def test_a_skip_is_no_verdict_and_equal_verdicts_for_all_say_nothing_beyond_chance() -> None:
    found = agreement(IDS, *passes(("keep", "keep", 3), ("skip", "drop", 2), ("drop", "skip", 1)))
    assert (found.compared, found.agreed, found.kappa, found.differing) == (3, 3, None, ())
    nothing = agreement(IDS, Pass("ana"), Pass("ben"))
    assert (nothing.compared, nothing.share, nothing.kappa) == (0, 0.0, None)


@given(st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(VERDICTS)), max_size=30), st.booleans())
def test_a_review_comes_back_as_it_was_kept_and_every_verdict_can_be_taken_back(
    verdicts: list[tuple[str, str]], is_second: bool
) -> None:
    review = Review("a sample", "0" * 64, IDS, (Pass("ana \x1b[2J"),))
    if is_second:
        review = review.with_pass("ben")
    start = review
    for example_id, verdict in dict(verdicts).items():
        review = review.with_verdict(example_id, verdict)  # type: ignore[arg-type]
    assert decode(encode(review)) == review
    for example_id, verdict in reversed(dict(verdicts).items()):
        before = review.without_last()
        assert before is not None and before[1:] == (example_id, verdict)
        review = before[0]
    assert review == start and review.without_last() is None


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{", '{"rule": "", "version": "", "ids": [], "passes": [], "decided": {}}', '{"passes": 3}'],
    ids=["nothing", "null", "list", "cut", "no-pass", "number"],
)
def test_a_review_that_cannot_be_read_counts_as_none(text: str) -> None:
    assert decode(text) is None
