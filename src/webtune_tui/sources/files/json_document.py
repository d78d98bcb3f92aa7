"""JSON documents: an array of objects, or an object whose largest list of objects is taken; streamed.

An object without such a list is one record. Several values after each other are read like JSON lines. A broken
element is rejected and reading goes on after its closing bracket; a cut document keeps what stands before the cut.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from webtune_tui.domain.limits import DEFAULT_LIMITS, ReadLimits
from webtune_tui.sources.files.base import ByteOffsets, Reject, Row, RowUnusable, open_text, snippet
from webtune_tui.sources.files.json_values import checked, decoder, kind_of, reason_of, require_shallow

_CHUNK = 256 * 1024
_SPACE = re.compile(r"[ \t\r\n]*")
_TOKENS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|["\[{\]},]', re.DOTALL)
_NEAR_END = 24  # a value that fails this close to the end of the buffer may only be incomplete
_DEEPEST_WALK = 20


class _Cut(Exception):
    pass


def rows(
    path: Path, encoding: str, limits: ReadLimits = DEFAULT_LIMITS, *, list_path: str | None = None
) -> Iterator[Row | Reject]:
    """Every record of the document, in order. ``list_path`` (``data.items``) takes another list than the largest."""
    found = lists_in(path, encoding, limits)
    target = found[0].names if found else None
    if list_path is not None:
        chosen = next((one for one in found if one.path == list_path), None)
        if chosen is None:
            yield Reject(1, _no_such_list(list_path, found), "")
            return
        target = chosen.names
    with path.open("rb") as stream, open_text(stream, encoding, newline="") as text:
        cursor = _Cursor(text, limits, ByteOffsets(path, encoding))
        try:
            yield from _values(cursor, target)
        except _Cut as cut:
            yield Reject(cursor.line, str(cut) or "the file ends in the middle", snippet(cursor.rest()))
        except _Broken as broken:
            yield Reject(cursor.line, str(broken), snippet(cursor.rest()))


class _Broken(Exception):
    pass


@dataclass
class _Cursor:
    """A place in a text that is read in growing pieces."""

    text: TextIO
    limits: ReadLimits
    offsets: ByteOffsets
    buffer: str = ""
    at: int = 0
    line: int = 1
    ended: bool = False
    decode: json.JSONDecoder = field(default_factory=decoder)

    def peek(self) -> str:
        """The next character that is no space, or an empty string at the end."""
        while True:
            match = _SPACE.match(self.buffer, self.at)
            self._advance(match.end() if match else self.at)
            if self.at < len(self.buffer):
                character = self.buffer[self.at]
                if character != "\ufeff":
                    return character
                self._advance(self.at + 1)
            elif not self._more():
                return ""

    def take(self, expected: str) -> None:
        """Steps over a character that must stand here."""
        found = self.peek()
        if not found:
            raise _Cut
        if found != expected:
            raise _Broken(f"not valid JSON: {expected!r} expected, {found!r} found")
        self._advance(self.at + 1)

    def value(self) -> tuple[Any, str]:
        """The next value and the text it came from. Raises RowUnusable for a broken one, stepped over."""
        if not self.peek():
            raise _Cut
        while True:
            try:
                value, end = self.decode.raw_decode(self.buffer, self.at)
            except (ValueError, RecursionError) as error:
                if self._may_be_incomplete(error) and self._more():
                    self._require_bounded()
                    continue
                self._step_over()
                raise RowUnusable(reason_of(error, self.limits)) from error
            if end == len(self.buffer) and self.buffer[end - 1] not in '}]"' and self._more():
                continue  # a number could go on in the next piece
            source = self.buffer[self.at : end]
            self._advance(end)
            return value, source

    def rest(self) -> str:
        """What stands at the place where reading stopped."""
        return self.buffer[self.at : self.at + 400]

    def _may_be_incomplete(self, error: Exception) -> bool:
        return isinstance(error, json.JSONDecodeError) and (
            error.msg.startswith("Unterminated string") or error.pos >= len(self.buffer) - _NEAR_END
        )

    def _step_over(self) -> None:
        """Goes behind the broken value by its brackets. Raises _Cut where they don't close."""
        scanned, depth = 0, 0
        while True:
            match = _TOKENS.search(self.buffer, self.at + scanned)
            if match is None or match.group() == '"':
                scanned = (match.start() if match else len(self.buffer)) - self.at
                if not self._more():
                    raise _Cut("the file ends in the middle of a record")
                self._require_bounded()
                continue
            scanned = match.end() - self.at
            mark = match.group()
            if depth == 0 and mark in ",]}":
                self._advance(match.start())
                return
            if mark in "[{":
                depth += 1
            elif mark in "]}":
                depth -= 1
                if depth == 0:
                    self._advance(match.end())
                    return

    def _require_bounded(self) -> None:
        if len(self.buffer) - self.at > self.limits.record_characters:
            raise _Broken(f"a record is longer than {self.limits.record_mb} million characters")

    def _advance(self, position: int) -> None:
        if position > self.at:
            self.line += self.buffer.count("\n", self.at, position)
            self.offsets.advance(self.buffer[self.at : position])
            self.at = position

    def _more(self) -> bool:
        """Reads on, twice as much while one value does not end; drops what was used."""
        wanted = max(_CHUNK, len(self.buffer) - self.at)
        piece = self.text.read(wanted)
        self.buffer = self.buffer[self.at :] + piece
        self.at = 0
        self.ended = not piece
        return bool(piece)


def _values(cursor: _Cursor, target: tuple[str, ...] | None) -> Iterator[Row | Reject]:
    """The values at the top of the document; normally there is one."""
    while opening := cursor.peek():
        if opening == "[":
            yield from _elements(cursor)
        elif opening == "{" and target is not None:
            yield from _inside(cursor, target)
            target = None
        elif opening in ",]}:":
            raise _Broken(f"not valid JSON: {opening!r} where a record should begin")
        else:
            yield _element(cursor)


def _elements(cursor: _Cursor) -> Iterator[Row | Reject]:
    cursor.take("[")
    while (character := cursor.peek()) != "]":
        if not character:
            raise _Cut("the file ends in the middle of a list")
        yield _element(cursor)
        if cursor.peek() == ",":
            cursor.take(",")
        elif cursor.peek() != "]":
            if not cursor.peek():
                raise _Cut("the file ends in the middle of a list")
            raise _Broken("not valid JSON: a comma is missing between two records")
    cursor.take("]")


def _element(cursor: _Cursor) -> Row | Reject:
    cursor.peek()
    line, start, beginning = cursor.line, cursor.offsets.at, cursor.rest()
    try:
        value, source = cursor.value()
        if not isinstance(value, dict):
            return Reject(line, f"is {kind_of(value)}, not an object", snippet(source))
        if len(source) > cursor.limits.record_characters:
            raise RowUnusable(f"longer than {cursor.limits.record_mb} million characters")
        require_shallow(source, cursor.limits)
        end = cursor.offsets.at
        length = None if start is None or end is None else end - start
        return Row(line, checked(value, source), start, length)
    except RowUnusable as error:
        return Reject(line, str(error), snippet(beginning))


def _inside(cursor: _Cursor, target: tuple[str, ...]) -> Iterator[Row | Reject]:
    """Walks an object to the list at ``target``, gives its elements and steps over everything else."""
    cursor.take("{")
    while cursor.peek() != "}":
        name = _name(cursor)
        opening = cursor.peek()
        if target == (name,) and opening == "[":
            yield from _elements(cursor)
        elif target[:1] == (name,) and len(target) > 1 and opening == "{":
            yield from _inside(cursor, target[1:])
        else:
            _skip(cursor)
        if cursor.peek() == ",":
            cursor.take(",")
    cursor.take("}")


def _name(cursor: _Cursor) -> str:
    try:
        name, _ = cursor.value()
    except RowUnusable as error:
        raise _Broken(str(error)) from error
    if not isinstance(name, str):
        raise _Broken("not valid JSON: a name expected")
    cursor.take(":")
    return name


def _skip(cursor: _Cursor) -> None:
    """Steps over a value, list by list, so that a large one is never held whole."""
    try:
        if cursor.peek() == "[":
            for _ in _elements(cursor):
                pass
        elif cursor.peek() == "{":
            cursor.take("{")
            while cursor.peek() != "}":
                _name(cursor)
                _skip(cursor)
                if cursor.peek() == ",":
                    cursor.take(",")
            cursor.take("}")
        else:
            cursor.value()
    except (RowUnusable, RecursionError) as error:
        raise _Broken(str(error)) from error


@dataclass(frozen=True, slots=True)
class ListInside:
    """A list of objects in a document: the names that lead to it and how many objects it holds."""

    names: tuple[str, ...]
    objects: int

    @property
    def path(self) -> str:
        """The names joined by dots."""
        return ".".join(self.names)


def lists_in(path: Path, encoding: str, limits: ReadLimits = DEFAULT_LIMITS) -> list[ListInside]:
    """The lists of objects in a document that is one object, the largest first; none in any other."""
    found: dict[tuple[str, ...], int] = {}
    with path.open("rb") as stream, open_text(stream, encoding, newline="") as text:
        cursor = _Cursor(text, limits, ByteOffsets(path, encoding))
        if cursor.peek() != "{":
            return []
        with contextlib.suppress(_Cut, _Broken):  # the place is reported when the records are read
            _count_lists(cursor, (), found)
            if cursor.peek():
                return []  # several objects after each other are records themselves
    return sorted((ListInside(names, count) for names, count in found.items()), key=lambda one: -one.objects)


def _no_such_list(wanted: str, found: list[ListInside]) -> str:
    if not found:
        return f"there is no list {wanted!r}: the document holds no list of objects inside an object"
    return f"there is no list {wanted!r}; lists: {', '.join(one.path for one in found[:10])}"


def _count_lists(cursor: _Cursor, names: tuple[str, ...], found: dict[tuple[str, ...], int]) -> None:
    cursor.take("{")
    while cursor.peek() != "}":
        name = _name(cursor)
        here = (*names, name)
        opening = cursor.peek()
        if opening == "[":
            is_chat = name in ("messages", "conversations") and not names
            for element in _elements(cursor):
                if isinstance(element, Row) and not (is_chat and _is_turn(element)):
                    found[here] = found.get(here, 0) + 1
        elif opening == "{" and len(here) < _DEEPEST_WALK:
            _count_lists(cursor, here, found)
        else:
            _skip(cursor)
        if cursor.peek() == ",":
            cursor.take(",")
    cursor.take("}")


def _is_turn(element: Row) -> bool:
    """Whether an element is a message of a chat and thus part of one record."""
    return bool({"role", "from"} & set(element.fields))
