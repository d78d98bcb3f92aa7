"""What a model learns from an example: which turns carry loss, by the rules of the trainers that take it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from webtune_tui.domain.examples import Message


class Part(StrEnum):
    """What training makes of a turn. The local trainer and hosted ones differ in earlier answers without a weight."""

    LEARNED = "learned"
    HOSTED_ONLY = "hosted_only"
    READ = "read"
    WEIGHT_ZERO = "weight_zero"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Lesson:
    """The part of each message, in order. ``locally`` and ``hosted`` are the places that carry loss there."""

    parts: tuple[Part, ...]

    @property
    def locally(self) -> tuple[int, ...]:
        """The messages that the local trainer learns."""
        return tuple(place for place, part in enumerate(self.parts) if part is Part.LEARNED)

    @property
    def hosted(self) -> tuple[int, ...]:
        """The messages that a hosted provider learns, by OpenAI's rule of weights."""
        learned = (Part.LEARNED, Part.HOSTED_ONLY)
        return tuple(place for place, part in enumerate(self.parts) if part in learned)


def lesson_of(messages: Sequence[Message]) -> Lesson:
    """Which turns of an example are learned.

    The local trainer learns the last answer, unless its weight is 0, and earlier answers with the weight 1; it reads
    nothing behind the last answer. Hosted providers learn every answer whose weight is not 0.
    """
    last = max((place for place, one in enumerate(messages) if one.role == "assistant"), default=-1)
    return Lesson(tuple(_part(one, place, last) for place, one in enumerate(messages)))


def _part(message: Message, place: int, last: int) -> Part:
    if place > last:
        return Part.UNREAD
    if message.role != "assistant":
        return Part.READ
    if message.weight == 0:
        return Part.WEIGHT_ZERO
    return Part.LEARNED if place == last or message.weight == 1 else Part.HOSTED_ONLY
