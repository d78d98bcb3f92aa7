"""What an operation of an edit is: one small module each, found by its file's name, its options declared.

A *row* operation changes an example's split or flags or takes it out, and needs no messages. A *text* operation
changes messages, and may make several examples of one. A *pair* makes one example of two. *Back* brings examples back
that were dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import ClassVar, Literal, Protocol

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.examples import Example, Split
from webtune_tui.pipeline.template import ChatTemplate

Kind = Literal["row", "text", "pair", "back"]
ROLES = ("system", "user", "assistant")


class DoesNotFit(UsageError):
    """An operation can't be done to this example; of many selected ones it is left as it is."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a row operation sees and changes of an example."""

    split: Split
    flags: tuple[str, ...]


class Tools(Protocol):
    """What operations on texts need from outside."""

    def count(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text."""
        ...

    def substituted(self, find: str, replacement: str, texts: Sequence[str], *, regex: bool) -> list[tuple[str, int]]:
        """Each text with every occurrence of a text, or match of a regular expression, replaced; and how many.

        Raises:
            UsageError: one took too long.
        """
        ...

    def made_anew(self, template: ChatTemplate, examples: Sequence[Example]) -> list[Example | str]:
        """Each example with the messages that a template makes of its record, or why it stays as it is."""
        ...


class Operation(Protocol):
    """``name`` is the word in the recipe."""

    name: ClassVar[str]
    kind: ClassVar[Kind]

    def check(self) -> None:
        """Raises UsageError where the options make no sense together."""
        ...

    def told(self, what: str) -> str:
        """The step in words, where ``what`` is such as ``12 examples``."""
        ...


class RowOperation(Operation, Protocol):
    """Changes what stands beside the messages. ``whole_groups``: near-duplicates go along."""

    whole_groups: ClassVar[bool]

    def row(self, head: Head) -> Head | None:
        """What becomes of it; ``None``: it goes."""
        ...


class TextOperation(Operation, Protocol):
    """Changes messages.

    ``leaves_misfits = True`` says that of several named examples those to which it does not fit are left as they are;
    without it one of them refuses the whole step.
    """

    def results(self, examples: Sequence[Example], tools: Tools) -> list[tuple[Example, ...] | DoesNotFit]:
        """What each becomes: itself first, then new ones (whose ids are not looked at)."""
        ...


class PairOperation(Operation, Protocol):
    """Makes one example of two."""

    def joined(self, first: Example, second: Example) -> Example:
        """The first with the second in it. Raises DoesNotFit."""
        ...


class OneByOne:
    """The ``results`` of an operation that looks at one example after the other."""

    def results(self, examples: Sequence[Example], tools: Tools) -> list[tuple[Example, ...] | DoesNotFit]:
        """What each becomes."""
        return [self._result(one, tools) for one in examples]

    def change(self, example: Example, tools: Tools) -> tuple[Example, ...]:
        """What one becomes. Raises DoesNotFit."""
        raise NotImplementedError

    def _result(self, example: Example, tools: Tools) -> tuple[Example, ...] | DoesNotFit:
        try:
            return self.change(example, tools)
        except DoesNotFit as misfit:
            return misfit


def derived_id(parent: str, operation: str, number: int) -> str:
    """The id of the example that an operation made of another; the same when it is replayed."""
    digest = blake2b(f"{operation}\n{number}\n{parent}".encode("utf-8", "surrogatepass"), digest_size=8)
    return f"ex-{digest.hexdigest()}"


def message_number(example: Example, at: int) -> int:
    """The place of a message, where negative numbers count from the end. Raises DoesNotFit."""
    count = len(example.messages)
    if not -count <= at < count:
        raise DoesNotFit(
            f"Example {example.example_id} has no message {at}", hint=f"It has {count}, from 0; -1 is the last."
        )
    return at % count


def message_words(at: int) -> str:
    """A message in words, by its place from 0 or, below 0, from the end: the 2nd message, the last message."""
    if at < 0:
        return "the last message" if at == -1 else f"the {_ordinal(-at)} message from the end"
    return f"the {_ordinal(at + 1)} message"


def _ordinal(number: int) -> str:
    is_teen = number % 100 in (11, 12, 13)
    ending = "th" if is_teen else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def known_roles(roles: object) -> None:
    """Refuses roles that there are not. Raises UsageError."""
    named = roles if isinstance(roles, list) else [roles]
    for role in named:
        if role not in ROLES:
            raise UsageError(f"There is no role {role!r}", hint=f"There are: {', '.join(ROLES)}")
    if not named:
        raise UsageError("No role is named", hint=f"There are: {', '.join(ROLES)}")
