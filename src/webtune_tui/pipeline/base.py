"""The shape of preparation: steps over records, builders from records to examples.

Everything here is pure and lazy: no files, no database, no clock. A step sees one record at a time, so that batches
can be mapped by any engine; what needs the whole set (duplicates, splits) works on compact signatures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, Self, runtime_checkable

from webtune_tui.domain.examples import Message
from webtune_tui.domain.records import RecordKind
from webtune_tui.pipeline.build_plan import BuildPlan

_NOTHING: Mapping[str, Any] = {}


class Draft(NamedTuple):
    """A record on its way to an example: ``fields`` may be changed by steps, the rest is its identity.

    ``wanted`` names the fields that the builder will take (none: any); ``is_written`` says that the row was written
    as an example, so that its layout is meant. ``messages`` is empty until it made them, and
    ``values`` are the field values in its prompt without the builder's own words. ``part`` numbers the examples of one
    record from 0. ``touched`` names the steps that changed it, ``redacted`` maps each placeholder to the kind of
    personal data that it stands for, ``removed`` counts characters taken out by kind; ``flags`` are findings that stay
    with the example. A named tuple, because several are made of each record.
    """

    record_id: int
    key: str
    kind: RecordKind
    fields: Mapping[str, Any]
    source: str = ""
    label: str = ""
    url: str | None = None
    domain: str = ""
    collected_at: str | None = None
    raw_file: str = ""
    part: int = 0
    messages: tuple[Message, ...] = ()
    values: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    is_written: bool = False
    redacted: Mapping[str, str] = _NOTHING
    removed: Mapping[str, int] = _NOTHING
    tokens: int = 0

    def with_fields(self, fields: Mapping[str, Any], step: str) -> Draft:
        """The draft with other fields, marked as changed by the step."""
        return self.evolved(fields=fields, touched=(*self.touched, step))

    def conversing(self, part: int, conversation: Conversation, tokens: int) -> Draft:
        """The draft as an example with the messages of a conversation."""
        flags = (*self.flags, *conversation.flags) if conversation.flags else self.flags
        made = (part, conversation.messages, conversation.values, flags)
        return Draft._make((*self[:_PART], *made, *self[_PART + 4 : -1], tokens))

    def evolved(self, **changes: Any) -> Draft:
        """The draft with other values."""
        return self._replace(**changes)

    @property
    def answer(self) -> str:
        """The text of the last assistant message."""
        if self.messages and (last := self.messages[-1]).role == "assistant":  # nearly always, and asked for often
            return last.content
        for message in reversed(self.messages):
            if message.role == "assistant":
                return message.content
        return ""

    @property
    def prompt(self) -> str:
        """The text of the last user message."""
        for message in reversed(self.messages):
            if message.role == "user":
                return message.content
        return ""


_PART = Draft._fields.index("part")  # messages, values and flags follow; tokens come last


@dataclass(frozen=True, slots=True)
class Dropped:
    """A record that makes no example. ``reason`` is one of the contract's words, ``detail`` tells the person more."""

    record_id: int
    reason: str
    step: str
    detail: str = ""
    part: int = 0


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


@runtime_checkable
class Surveying(Protocol):
    """A step that must see much of the set before it can judge one record.

    A run shows it a sample, as the steps before it left the drafts, unless it says by ``needs_survey = False`` that
    its options want none; ``enough`` may say how many records of a source show it enough. What ``observe`` answers is
    plain data, so that parts of the sample may be seen in different processes. ``only_reports = True`` says that what
    it learns is told and changes nothing in what it makes of a record.
    """

    def observe(self, drafts: Sequence[Draft]) -> Any:
        """What a part of the sample shows."""
        ...

    def learned(self, observed: Iterable[Any]) -> Self:
        """The step with what all parts of the sample showed, whatever their order."""
        ...

    def findings(self) -> Sequence[Mapping[str, Any]]:
        """What was learned, for the report: plain values."""
        ...


@runtime_checkable
class NeedsExtra(Protocol):
    """A step that runs only where an optional part of webtune is installed."""

    def require(self) -> None:
        """Raises ExtraMissing where the part is missing and the step's options need it."""
        ...


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a builder makes: the messages, the field values in them apart from the answer, and findings to keep."""

    messages: tuple[Message, ...]
    values: tuple[str, ...]
    flags: tuple[str, ...] = ()


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

    # A builder with ``judges_by_names = True`` accepts a row by the names of its columns alone, whatever they hold:
    # the answer is kept for the next row of the same shape.

    def accepts(self, fields: Mapping[str, Any]) -> bool:
        """Whether rows of this shape are this builder's."""
        ...

    def build(self, fields: Mapping[str, Any]) -> Conversation | None:
        """The conversation, or ``None`` where the fields hold nothing to say."""
        ...


@runtime_checkable
class BuildsSeveral(Protocol):
    """A builder that may make several examples of one row, or other ones by the plan."""

    def reads_for(self, plan: BuildPlan) -> tuple[str, ...]:
        """The columns that it takes under this plan, as ``reads``."""
        ...

    def build_all(self, fields: Mapping[str, Any], plan: BuildPlan) -> Sequence[Conversation]:
        """The conversations in order; none where the fields hold nothing to say."""
        ...
