"""Which turns carry loss: what is said of an example is what the local trainer does with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from webtune_tui.domain.examples import Message
from webtune_tui.domain.learning import Part, lesson_of
from webtune_tui.local_server.encoding import IGNORED, ExampleEncoder


class FakeTokenizer:
    """One token a character; a turn is the letter of its role, its text, and a full stop that ends it."""

    eos_token_id = ord(".")

    def apply_chat_template(self, conversation: Any, **options: Any) -> str:
        text = "".join(f"{one['role'][0]}{one['content']}." for one in conversation)
        return text + ("a" if options.get("add_generation_prompt") else "")

    def encode(self, text: str, **options: Any) -> list[int]:
        return [ord(character) for character in text]

    def decode(self, token_ids: Any, **options: Any) -> str:
        return "".join(map(chr, token_ids))


U, A, B = Message("user", "11"), Message("assistant", "22"), Message("assistant", "33")
ZERO, ONE = Message("assistant", "44", weight=0), Message("assistant", "55", weight=1)


@pytest.mark.parametrize(
    "messages",
    [(U, A), (U, A, U, B), (U, ONE, U, B), (U, ZERO, U, B), (U, A, U, ZERO), (U, ONE, U, ZERO), (U, A, U), (A,)],
    ids=lambda messages: " ".join(f"{one.role[0]}{'' if one.weight is None else one.weight}" for one in messages),
)
def test_what_is_learned_is_what_the_local_trainer_labels(messages: Sequence[Message]) -> None:
    encoder = ExampleEncoder(FakeTokenizer(), [ord(".")], 1000)
    encoded = encoder.encode([one.to_json() for one in messages], weighted=True)
    labelled = "".join(chr(label) for label in encoded.labels if label != IGNORED)
    assert labelled == "".join(f"{messages[place].content}." for place in lesson_of(messages).locally)


def test_hosted_providers_learn_every_answer_but_those_of_weight_zero() -> None:
    messages = (Message("system", "s"), U, A, U, ZERO, U, B, U)
    lesson = lesson_of(messages)
    assert lesson.parts == (
        Part.READ, Part.READ, Part.HOSTED_ONLY, Part.READ, Part.WEIGHT_ZERO, Part.READ, Part.LEARNED, Part.UNREAD,
    )  # fmt: skip
    assert (lesson.locally, lesson.hosted) == ((6,), (2, 6))
    assert lesson_of((U,)).hosted == () and lesson_of(()).parts == ()
