"""What an edit did, would do, or did once: results, previews, the steps of the history, and how two versions differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from webtune_tui.domain.datasets import DatasetVersion, DroppedRecord
from webtune_tui.domain.examples import Example, Message
from webtune_tui.domain.word_changes import WordChange


@dataclass(frozen=True, slots=True)
class EditResult:
    """The working version after an edit, an undo or a redo.

    ``count`` is how many examples changed, ``changed`` are their ids (the first thousand of many). ``waiting`` are
    those that come back with the next prepare. ``left`` counts selected examples to which the operation does not fit,
    ``reasons`` why, where it tells that.
    """

    version: DatasetVersion
    changed: Sequence[str]
    waiting: Sequence[str] = ()
    count: int = 0
    left: int = 0
    words: str = ""
    reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edited:
    """The last event of a long edit."""

    result: EditResult


@dataclass(frozen=True, slots=True)
class EditSample:
    """One example as it is and as it would be; several where it is split or copied, none where it goes."""

    before: Example
    after: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class EditPreview:
    """What an edit would do; nothing is stored.

    Of the ``met`` selected examples ``looked_at`` were tried in the time there was: ``changed`` of them would change,
    with ``occurrences`` replaced texts, ``left`` would stay since the operation does not fit, for these ``reasons``
    where it tells them. ``refusal`` is why the edit could not be done at all.
    """

    words: str
    met: int
    looked_at: int
    changed: int
    left: int = 0
    occurrences: int = 0
    samples: tuple[EditSample, ...] = ()
    refusal: str = ""
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether all selected examples were tried."""
        return self.looked_at >= self.met


@dataclass(frozen=True, slots=True)
class RestorePreview:
    """What bringing dropped rows back would do; nothing is stored.

    Of the ``met`` rows ``at_once`` would be back at once and ``waiting`` with the next prepare; the others are left for
    these ``reasons``. ``samples`` are the first that would come back.
    """

    met: int
    at_once: int
    waiting: int
    samples: tuple[DroppedRecord, ...] = ()
    reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EditStep:
    """One step of the history, as the person did it. ``number`` counts from 1 in order; 0 is the start.

    ``count`` is how many examples it changed when it was applied last. ``is_current`` marks the newest applied one.
    """

    number: int
    words: str
    time: str
    is_applied: bool
    count: int
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class MessageChange:
    """A message of an example in two versions, word by word; ``role`` is the new one where it changed."""

    place: int
    role: str
    words: tuple[WordChange, ...]


@dataclass(frozen=True, slots=True)
class ExampleChange:
    """One example that differs between two versions. ``before`` and ``after`` are its messages, empty where none."""

    kind: Literal["added", "removed", "edited"]
    example_id: str
    split_before: str
    split_after: str
    before: tuple[Message, ...]
    after: tuple[Message, ...]
    messages: tuple[MessageChange, ...] = ()
