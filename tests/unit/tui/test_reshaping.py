"""What is offered for an example fits it, and nothing that fits is left out."""

from __future__ import annotations

from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.domain.examples import Example, Message, Split
from webtune_tui.domain.learning import lesson_of
from webtune_tui.pipeline.edit import operation_of
from webtune_tui.pipeline.edits.base import DoesNotFit, TextOperation
from webtune_tui.tui.presentation.reshaping import Reshape, reshapes

MESSAGES = st.builds(
    lambda role, weight: Message(role, "text", weight if role == "assistant" else None),
    st.sampled_from(["system", "user", "assistant"]),
    st.sampled_from([None, 0, 1]),
)


def example_of(*messages: Message) -> Example:
    return Example("ex-1", Split.TRAIN, messages)


def results(choice: Reshape, example: Example) -> Any:
    operation = cast("TextOperation", operation_of(choice.operation, **choice.options))
    [result] = operation.results([example], cast("Any", None))
    return result


@given(st.lists(MESSAGES, min_size=1, max_size=7))
def test_all_that_is_offered_for_a_message_can_be_done(messages: list[Message]) -> None:
    example = example_of(*messages)
    for choice in reshapes(example, has_next=True):
        if choice.place is not None:
            result = results(choice, example)
            assert not isinstance(result, DoesNotFit), choice
            assert result != (example,), choice
            if choice.operation == "weight":
                assert (choice.place in lesson_of(result[0].messages).locally) is (choice.options["weight"] == 1)


@given(st.lists(MESSAGES, min_size=1, max_size=7), st.integers(0, 6))
def test_an_example_is_offered_to_be_parted_wherever_it_can_be(messages: list[Message], place: int) -> None:
    example = example_of(*messages)
    fits = place < len(messages) and not isinstance(
        results(Reshape("split_in_two", "", {"message": place}), example), DoesNotFit
    )
    offered = [one.place for one in reshapes(example, has_next=False) if one.operation == "split_in_two"]
    assert (place in offered) is fits


def test_the_message_with_the_keys_comes_first_and_words_cannot_act() -> None:
    example = example_of(
        Message("user", "\x1b[2J[@click=app.quit]"), Message("assistant", "a"), Message("odd\x1b", "b")
    )
    told = reshapes(example, has_next=False, place=1)
    assert told[0].place == 1 and all("\x1b" not in one.words for one in told)
    assert not any(one.operation == "merge" for one in told)
    assert [one.options["to"] for one in told if one.operation == "move"] == ["validation", "test"]
