"""What a file looks like before it is imported: enough to choose its encoding, its list and its fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webtune_tui.domain.profiles import FieldProfile


@dataclass(frozen=True, slots=True)
class EncodingGuess:
    """An encoding that a file may be in, and how the first bad place reads in it."""

    encoding: str
    reads: str


@dataclass(frozen=True, slots=True)
class FoundList:
    """A list of objects inside a JSON document: the names that lead to it, joined by dots, and its length."""

    path: str
    rows: int


@dataclass(frozen=True, slots=True)
class FilePreview:
    """A file, or a member of an archive, that nothing has been stored of.

    ``format`` is ``None`` where it can't be used; ``reason`` says why. ``fields`` are profiles of the first ``rows``
    records. ``lists`` are all that could be taken of a JSON document, the largest first.
    """

    path: str
    format: str | None
    encoding: str | None
    encodings_possible: Sequence[EncodingGuess] = ()
    lists: Sequence[FoundList] = ()
    fields: Sequence[FieldProfile] = ()
    rows: int = 0
    rejected: int = 0
    reason: str = ""
