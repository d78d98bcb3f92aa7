"""What is wrong with a template while it is typed: each problem with its line and column."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from webtune_tui.domain import field_paths
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.field_paths import FieldPath

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}\n]*)\}|[{}]")
_LIKE_ENOUGH = 0.6


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """Something wrong in one text of a template. Lines and columns count from 1; ``is_error`` keeps it from use."""

    part: str
    line: int
    column: int
    message: str
    is_error: bool


def problems(part: str, text: str, known: Collection[str] = ()) -> Iterator[TemplateProblem]:
    """What is wrong with one text; ``known`` are the addresses that the records have (none: any may be used)."""
    names = _Names(known)
    for number, line in enumerate(text.split("\n"), start=1):
        for match in _PIECE.finditer(line):
            found = _problem(match, names)
            if found is not None:
                message, is_error = found
                yield TemplateProblem(part, number, match.start() + 1, message, is_error)


def open_place(before: str) -> str | None:
    """What was typed of a field's name so far, where the text up to the cursor ends inside of ``{``."""
    line = before.rpartition("\n")[2]
    start = line.rfind("{")
    if start < 0 or "}" in line[start:]:
        return None
    braces = start - len(line[: start + 1].rstrip("{")) + 1
    return line[start + 1 :] if braces % 2 else None


class _Names:
    """The addresses that the records have, as they may be written."""

    def __init__(self, known: Collection[str]) -> None:
        self.known = list(known)
        self._plain = {_without_positions(field_paths.parse(one)) for one in known if _is_path(one)}

    def has(self, path: FieldPath) -> bool:
        """Whether some record has it; of a list any item may be meant."""
        return not self.known or _without_positions(path) in self._plain

    def like(self, written: str) -> str:
        """The known address that a wrong one may mean."""
        found = difflib.get_close_matches(written, self.known[:400], n=1, cutoff=_LIKE_ENOUGH)
        return f"; did you mean {{{found[0]}}}?" if found else ""


def _problem(match: re.Match[str], names: _Names) -> tuple[str, bool] | None:
    piece = match.group()
    if piece == "{":
        return "{ has no } on its line; write {{ for a brace", True
    if piece == "}":
        return "} has no { before it; write }} for a brace", True
    if match.group(1) is None:
        return None
    written = match.group(1).strip()
    if not written:
        return "{} names no field", True
    try:
        path = field_paths.parse(written)
    except UsageError as error:
        return f"{error.message}. {error.hint}", True
    if names.has(path):
        return None
    return f"{{{written[:80]}}} is in no record that was looked at{names.like(written)}", False


def _without_positions(path: FieldPath) -> FieldPath:
    return tuple(None if isinstance(step, int) else step for step in path)


def _is_path(text: str) -> bool:
    try:
        field_paths.parse(text)
    except UsageError:
        return False
    return True
