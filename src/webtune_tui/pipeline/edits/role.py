"""Changes the role of a message."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from webtune_tui.domain.examples import Example
from webtune_tui.domain.options import option
from webtune_tui.pipeline.edits.base import (
    DoesNotFit,
    Kind,
    OneByOne,
    Tools,
    known_roles,
    message_number,
    message_words,
)


@dataclass(frozen=True)
class Role(OneByOne):
    """Gives a message another role."""

    to: str = option("", label="Role", help="system, user or assistant.")
    message: int = option(-1, label="Message", help="From 0; -1 is the last.")

    name: ClassVar[str] = "role"
    kind: ClassVar[Kind] = "text"

    def check(self) -> None:
        """Raises UsageError for a role that there is not."""
        known_roles(self.to)

    def told(self, what: str) -> str:
        """The step in words."""
        return f"Made {message_words(self.message)} the {self.to}'s in {what}"

    def change(self, example: Example, tools: Tools) -> tuple[Example, ...]:
        """The example with the other role. Raises DoesNotFit."""
        at = message_number(example, self.message)
        before = example.messages[at]
        if self.to == "system" and at:
            raise DoesNotFit(
                f"Message {at} of {example.example_id} can't be the system's", hint="Only the first one can."
            )
        after = replace(before, role=self.to, weight=before.weight if self.to == "assistant" else None)
        return (replace(example, messages=(*example.messages[:at], after, *example.messages[at + 1 :])),)


OPERATION = Role
