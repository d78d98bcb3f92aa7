"""The shape of preparation: steps over records, builders from records to examples.

Everything here is pure and lazy: no files, no database, no clock. A step sees one record at a time, so that batches
can be mapped by any engine; what needs the whole set (duplicates, splits) works on compact signatures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol

from webtune_tui.domain.examples import Message
from webtune_tui.domain.records import RecordKind


@dataclass(frozen=True, slots=True)
class Draft:
    """A record on its way to an example: ``fields`` may be changed by steps, the rest is its identity.

    ``wanted`` names the fields that the builder will take (none: any); ``is_written`` says that the row was written
    as an example, so that its layout is meant. ``messages`` is empty until it made them, and
    ``values`` are the field values in its prompt without the builder's own words. ``touched`` names the steps that
    changed it, ``redacted`` counts personal data and ``removed`` characters taken out, both by kind; ``flags`` are
    findings that stay with the example.
    """

    record_id: int
    key: str
    kind: RecordKind
    fields: Mapping[str, Any]
    source: str = ""
    messages: tuple[Message, ...] = ()
    values: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    is_written: bool = False
    redacted: Mapping[str, int] = field(default_factory=dict)
    removed: Mapping[str, int] = field(default_factory=dict)
    tokens: int = 0

    def with_fields(self, fields: Mapping[str, Any], step: str) -> Draft:
        """The draft with other fields, marked as changed by the step."""
        return replace(self, fields=fields, touched=(*self.touched, step))

    @property
    def answer(self) -> str:
        """The text of the last assistant message."""
        return next((m.content for m in reversed(self.messages) if m.role == "assistant"), "")

    @property
    def prompt(self) -> str:
        """The text of the last user message."""
        return next((m.content for m in reversed(self.messages) if m.role == "user"), "")


@dataclass(frozen=True, slots=True)
class Dropped:
    """A record that makes no example. ``reason`` is one of the contract's words, ``detail`` tells the person more."""

    record_id: int
    reason: str
    step: str
    detail: str = ""


class Step(Protocol):
    """One cleaning or filtering rule: a frozen dataclass whose options are declared with ``option()``.

    ``stage`` says when it runs: ``record`` before the builder on ``fields``, ``example`` after it on ``messages``.
    Steps of a stage run by ascending ``order``. A module names its step class ``STEP``.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    stage: ClassVar[str]
    order: ClassVar[int]
    is_default: ClassVar[bool]

    def apply(self, draft: Draft) -> Draft | Dropped:
        """The draft as it is, changed, or dropped with a reason."""
        ...


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a builder makes: the messages, and the field values in them apart from the answer."""

    messages: tuple[Message, ...]
    values: tuple[str, ...]


class Builder(Protocol):
    """Makes the messages of an example from a record's fields. A module names its builder ``BUILDER``.

    The builders are asked by ascending ``order``; the first that accepts a row builds it.
    """

    name: ClassVar[str]
    order: ClassVar[int]
    reads: ClassVar[tuple[str, ...]]
    """The folded names of the columns that it takes; none says that it may take any."""
    is_written: ClassVar[bool]
    """Whether its rows were written as examples, and not scraped."""

    def accepts(self, fields: Mapping[str, Any]) -> bool:
        """Whether rows of this shape are this builder's."""
        ...

    def build(self, fields: Mapping[str, Any]) -> Conversation | None:
        """The conversation, or ``None`` where the fields hold nothing to say."""
        ...
