"""In which pieces a file is searched: small ones where one looks, larger ones further away, shared by programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

_FIRST = 256 * 1024
_LARGEST = 8 * 1024 * 1024
_ROW = 1024  # bytes that a row of a list counts as


class Stretch(NamedTuple):
    """Bytes from ``start`` to ``end``; an occurrence belongs to the stretch that it begins in."""

    start: int
    end: int


def stretches(begin: int, end: int, origin: int, *, backwards: bool) -> Iterator[Stretch]:
    """All of the bytes from ``begin`` to ``end`` once, from ``origin`` on and around, nearest first."""
    if backwards:
        yield from (Stretch(end + begin - b, end + begin - a) for a, b in _forward(begin, end, end + begin - origin))
    else:
        yield from _forward(begin, end, origin)


def stretches_of_rows(count: int, origin: int, *, backwards: bool) -> Iterator[Stretch]:
    """All places of a list once, from ``origin`` on and around, nearest first: 256 rows, later up to 8192."""
    for one in stretches(0, count * _ROW, origin * _ROW, backwards=backwards):
        yield Stretch(one.start // _ROW, one.end // _ROW)


def _forward(begin: int, end: int, origin: int) -> Iterator[Stretch]:
    size = _FIRST
    for start, stop in ((origin, end), (begin, origin)):
        while start < stop:
            yield Stretch(start, min(start + size, stop))
            start += size
            size = min(size * 2, _LARGEST)
