"""All that is listed, said as a condition, is what is listed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.domain.example_fields import condition_on_examples, matches
from webtune_tui.domain.examples import Example, Message, Split
from webtune_tui.domain.selections import ALL
from webtune_tui.tui.dataset.listing import View
from webtune_tui.tui.dataset.selecting import condition_of


@given(st.text(alphabet=st.sampled_from("ab “”„‘’\"'\\()~,\n日é"), min_size=1, max_size=12))
def test_any_text_that_is_looked_for_is_in_the_condition_as_it_was_typed(text: str) -> None:
    condition = condition_on_examples(condition_of(View(text=text)))
    has, lacks = (
        Example("ex-1", Split.TRAIN, (Message("user", words), Message("assistant", "z")), tokens=1)
        for words in (f"x{text}y", "nothing of it")
    )
    assert matches(condition, has, 1)
    assert matches(condition, lacks, 1) == (text.casefold() in "nothing of it" or text.casefold() == "z")


@pytest.mark.parametrize(
    ("view", "condition"),
    [
        (View(), ALL),
        (View(sort="tokens", is_descending=True), ALL),
        (View(split="test"), "split = test"),
        (View(where="tokens > 3 or index = 1", split="test"), "(tokens > 3 or index = 1) and split = test"),
        (View(where="tokens > 3", text="tea"), '(tokens > 3) and text ~ "tea"'),
    ],
    ids=["all", "sorted", "split", "where", "text"],
)
def test_the_parts_of_a_view_become_one_condition(view: View, condition: str) -> None:
    assert condition_of(view) == condition
