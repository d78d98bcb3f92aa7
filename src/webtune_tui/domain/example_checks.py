"""What is known of one example that a person looks at or edits: its tokens, what is odd in it, and its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webtune_tui.domain.examples import Example


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that a person should know of a message, or of the whole example where ``place`` is ``None``.

    ``is_error`` says that a provider would refuse it.
    """

    code: str
    words: str
    place: int | None = None
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class TokenLimits:
    """The bounds of an example in tokens, ``None`` where one is unknown or off; ``base`` names the chosen base.

    ``trained`` is the ``sequence_length`` of training on this machine: what lies beyond it is cut.
    """

    budget: int | None = None
    context: int | None = None
    base: str = ""
    trained: int | None = None


@dataclass(frozen=True, slots=True)
class ExampleCheck:
    """Tokens of each message's text and of the whole example with its chat format, and what was found."""

    tokens: tuple[int, ...]
    total: int
    encoding: str
    remarks: tuple[Remark, ...] = ()

    def of(self, place: int | None) -> Sequence[Remark]:
        """What is said of a message, or of the whole example."""
        return [one for one in self.remarks if one.place == place]


@dataclass(frozen=True, slots=True)
class Form:
    """What an example was from a moment (RFC 3339 UTC) on; ``example`` is ``None`` while it was out.

    ``action`` is prepare, replay, edit, undo or redo.
    """

    action: str
    at: str
    example: Example | None
