"""What is noted of each row while a file is counted, so that the rows of any bar can be listed without counting again.

Twelve bytes a row lie in files without names: where it begins, and a number that says what it is. The lower half of
that number holds what is measured, the upper half one of a few hundred kinds: form, findings and roles.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from webtune_tui.services.beside_screen import SHORT_TURNS
from webtune_tui.services.row_order import RowOrder, TemporaryBytes
from webtune_tui.services.whole_writes import write_all

CHECKED, ERRORS, WARNINGS, FORMS, ROLES = "checked", "errors", "warnings", "forms", "roles"
TURNS, LENGTHS, ANSWERS = "turns", "lengths", "answers"
REFUSED, ODD, SOUND = "refused", "odd", "sound"

_MOST_KINDS = 2000
_MOST_CHARACTERS = 200_000  # of the names of all kinds: they cross to the screen in one line
_ANY_KIND = 0xFFFF
"""The kind of rows that came when there were too many kinds: it is told that they are not listed."""

_SHAPES: Mapping[str, tuple[int, int]] = {LENGTHS: (0, 63), TURNS: (6, 31), ANSWERS: (11, 31)}
_KIND_BITS = 16
_AT_ONCE = 8192


@dataclass(frozen=True, slots=True)
class Bar:
    """Which rows a bar stands for: a group of the counts, and a value in it as the counts have it."""

    group: str
    value: str

    @classmethod
    def named(cls, name: str) -> Bar:
        """The bar of :attr:`name`."""
        return cls(*name.split(":", 1))

    @property
    def name(self) -> str:
        """Group and value in one text."""
        return f"{self.group}:{self.value}"


@dataclass(frozen=True, slots=True)
class Kind:
    """What rows have in common that is no measure."""

    form: str
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    roles: tuple[str, ...]

    def is_of(self, bar: Bar) -> bool:
        """Whether rows of this kind belong to a bar."""
        match bar.group:
            case "checked":
                return bar.value == (REFUSED if self.errors else ODD if self.warnings else SOUND)
            case "errors":
                return bar.value in self.errors
            case "warnings":
                return bar.value in self.warnings
            case "roles":
                return bar.value in self.roles
        return bar.value == self.form


def shape(size_bits: int, turns: int | None, answer_bits: int | None) -> int:
    """What is measured of a row as one number; ``None`` is no measure."""
    return size_bits | (0 if turns is None else turns + 1) << 6 | (0 if answer_bits is None else answer_bits + 1) << 11


class RowNotebook:
    """Notes rows, in the program that counts, in two open files: :meth:`flush` writes what was noted since."""

    def __init__(self, offsets: int, marks: int) -> None:
        self._files = offsets, marks
        self._offsets, self._marks = array("Q"), array("I")
        self._kinds: dict[Kind, int] = {}
        self._untold: list[Kind] = []
        self._characters = 0
        self.are_all_known = True

    def note(self, offset: int, kind: Kind, measured: int) -> None:
        """Notes a row."""
        number = self._kinds.get(kind)
        if number is None:
            number = self._number_of(kind)
        self._offsets.append(offset)
        self._marks.append(number << _KIND_BITS | measured)

    def _number_of(self, kind: Kind) -> int:
        characters = sum(map(len, (kind.form, *kind.errors, *kind.warnings, *kind.roles)))
        if len(self._kinds) >= _MOST_KINDS or self._characters + characters > _MOST_CHARACTERS:
            self.are_all_known = False
            return _ANY_KIND
        self._characters += characters
        self._untold.append(kind)
        return self._kinds.setdefault(kind, len(self._kinds))

    def flush(self) -> list[Any]:
        """Writes; the kinds that are new since, as they cross from one program to another."""
        for file, noted in zip(self._files, (self._offsets, self._marks), strict=True):
            write_all(file, noted.tobytes())
            del noted[:]
        told: list[Any] = [[kind.form, kind.errors, kind.warnings, kind.roles] for kind in self._untold]
        self._untold.clear()
        return [self.are_all_known, *told]


@dataclass(slots=True)
class PartNotes:
    """What one program has noted so far."""

    offsets: TemporaryBytes = field(default_factory=TemporaryBytes)
    marks: TemporaryBytes = field(default_factory=TemporaryBytes)
    rows: int = 0
    kinds: list[Kind] = field(default_factory=list)
    are_all_known: bool = True

    def take(self, rows: int, told: Sequence[Any]) -> None:
        """So many rows are noted now, and this is what the notebook told."""
        self.are_all_known, *kinds = told
        self.kinds += [Kind(form, tuple(errors), tuple(odd), tuple(roles)) for form, errors, odd, roles in kinds]
        self.rows = rows

    def of(self, bar: Bar) -> Iterator[array[int]]:
        """Where the rows of a bar begin."""
        if bar.group in _SHAPES:
            shift, mask = _SHAPES[bar.group]
            measured = int(bar.value) + (bar.group != LENGTHS)
            wanted = frozenset((measured,))
        else:
            shift, mask = _KIND_BITS, _ANY_KIND
            wanted = frozenset(number for number, kind in enumerate(self.kinds) if kind.is_of(bar))
        for offsets, marks in self._read():
            yield array("Q", [at for at, mark in zip(offsets, marks, strict=False) if mark >> shift & mask in wanted])

    def unsorted(self) -> int:
        """The rows that came when there were too many kinds."""
        return sum(sum(mark >> _KIND_BITS == _ANY_KIND for mark in marks) for _, marks in self._read())

    def _read(self) -> Iterator[tuple[array[int], array[int]]]:
        for first in range(0, self.rows, _AT_ONCE):
            offsets, marks = array("Q"), array("I")
            for noted, file in ((offsets, self.offsets), (marks, self.marks)):
                count = min(_AT_ONCE, self.rows - first)
                noted.frombytes(file.read(first * noted.itemsize, count * noted.itemsize))
            yield offsets, marks


@dataclass(slots=True)
class RowNotes:
    """What is noted of the rows of a file, part by part in its order."""

    parts: list[PartNotes]
    file_size: int

    def listed(self, bar: Bar) -> RowOrder:
        """The rows of a bar as far as they are counted, in the file's order. Blocks. Raises StorageFailed."""
        with SHORT_TURNS:
            return RowOrder.of(chain.from_iterable(part.of(bar) for part in self.parts), self.file_size)

    def unsorted(self, bar: Bar) -> int:
        """The rows of which is not known whether they belong to a bar. Blocks."""
        is_known = bar.group in _SHAPES or all(part.are_all_known for part in self.parts)
        with SHORT_TURNS:
            return 0 if is_known else sum(part.unsorted() for part in self.parts)
