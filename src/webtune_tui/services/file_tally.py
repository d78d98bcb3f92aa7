"""What a file of examples consists of: counts that are made of parts of it and added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from webtune_tui.pipeline.validation import forms
from webtune_tui.services.file_rows import NOT_JSON, row_and_turns
from webtune_tui.services.line_file import Line
from webtune_tui.services.row_notes import Kind, shape

_MOST_NAMES = 200  # different roles that are counted by name
_REST = "others"
MOST_TURNS = 20
"""Rows with that many turns, or more, are counted together."""


@dataclass(slots=True)
class FileTally:
    """Counts of rows. ``lengths`` and ``answers`` count rows by the bits of their bytes and their answer's characters.

    ``turns`` counts rows by their turns, 20 for that many and more; ``roles`` counts messages; ``longest`` is in bytes.
    """

    rows: int = 0
    bytes: int = 0
    refused: int = 0
    odd: int = 0
    longest: int = 0
    longest_at: int = 0
    forms: Counter[str] = field(default_factory=Counter)
    roles: Counter[str] = field(default_factory=Counter)
    turns: Counter[int] = field(default_factory=Counter)
    lengths: Counter[int] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)

    def take(self, line: Line) -> tuple[Kind, int]:
        """Counts a line; what it is, for the notes of the rows, and what is measured of it."""
        row, turns = row_and_turns(line)
        self.rows += 1
        self.bytes += line.size
        if line.size > self.longest:
            self.longest, self.longest_at = line.size, line.offset
        self.lengths[line.size.bit_length()] += 1
        self.forms[row.form] += 1
        self.errors.update(row.errors)
        self.warnings.update(row.warnings)
        self.refused += bool(row.errors)
        self.odd += bool(row.warnings) and not row.errors
        said = answer = None
        roles: dict[str, None] = {}
        if row.form != NOT_JSON:
            said = min(row.turns, MOST_TURNS)
            self.turns[said] += 1
            if row.form not in (forms.TEXT, forms.UNKNOWN):
                answer = len(row.answer).bit_length()
                self.answers[answer] += 1
                for turn in turns:
                    known = turn.role in self.roles or len(self.roles) < _MOST_NAMES
                    name = turn.role[:100] if known else _REST
                    self.roles[name] += 1
                    roles[name] = None
        return Kind(row.form, row.errors, row.warnings, tuple(roles)), shape(line.size.bit_length(), said, answer)

    def add(self, other: FileTally) -> None:
        """Adds the counts of another part of the file."""
        for name in ("rows", "bytes", "refused", "odd"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        if other.longest > self.longest:
            self.longest, self.longest_at = other.longest, other.longest_at
        for name in _COUNTERS:
            getattr(self, name).update(getattr(other, name))

    def to_json(self) -> dict[str, Any]:
        """All counts as they cross from one program to another."""
        plain = {name: getattr(self, name) for name in ("rows", "bytes", "refused", "odd", "longest", "longest_at")}
        return plain | {name: list(getattr(self, name).items()) for name in _COUNTERS}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> FileTally:
        """The counts of :meth:`to_json`."""
        counts: dict[str, Any] = {name: Counter(dict(body[name])) for name in _COUNTERS}
        return cls(**(dict(body) | counts))


_COUNTERS = ("forms", "roles", "turns", "lengths", "answers", "errors", "warnings")
