"""Says which answers the model learns from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.examples import Example, Message
from webtune_tui.domain.options import option
from webtune_tui.pipeline.edits.base import DoesNotFit, Kind, OneByOne, Tools, message_number, message_words


@dataclass(frozen=True)
class Weight(OneByOne):
    """Has the model learn from an answer, or not. Without a message: all answers but the last."""

    weight: int = option(0, label="Weight", help="1: learned from; 0: only read.")
    message: int | None = option(None, label="Message", help="From 0; -1 is the last; none: all answers but the last.")

    name: ClassVar[str] = "weight"
    kind: ClassVar[Kind] = "text"

    def check(self) -> None:
        """Raises UsageError for another weight than 0 and 1."""
        if self.weight not in (0, 1):
            raise UsageError(f"There is no weight {self.weight}", hint="Give 0 or 1.")

    def told(self, what: str) -> str:
        """The step in words."""
        which = "the earlier answers" if self.message is None else message_words(self.message)
        return f"Set the weight of {which} to {self.weight} in {what}"

    def change(self, example: Example, tools: Tools) -> tuple[Example, ...]:
        """The example with the other weights. Raises DoesNotFit where it is no answer, or none would be left."""
        answers = [number for number, one in enumerate(example.messages) if one.role == "assistant"]
        chosen = answers[:-1] if self.message is None else [message_number(example, self.message)]
        if not set(chosen) <= set(answers):
            raise DoesNotFit(
                f"In {example.example_id} {message_words(chosen[0])} is no answer", hint="Only answers have a weight."
            )
        messages = tuple(
            _weighted(one, self.weight, is_last=number == answers[-1]) if number in chosen else one
            for number, one in enumerate(example.messages)
        )
        if not any(messages[number].weight != 0 for number in answers):
            raise DoesNotFit(
                f"The model would learn nothing from {example.example_id}", hint="Drop it, or leave one answer."
            )
        return (replace(example, messages=messages),)


def _weighted(message: Message, weight: int, *, is_last: bool) -> Message:
    """Weight 1 is what the last answer has that says nothing; training here learns an earlier one by its 1 alone."""
    if weight == 1 and message.weight is None and is_last:
        return message
    return replace(message, weight=weight)


OPERATION = Weight
