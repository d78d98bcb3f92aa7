"""A file as the pieces that can be read: itself, or what gzip, zstd or zip holds, at most one inside the other."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from webtune_tui.domain.limits import ReadLimits
from webtune_tui.domain.previews import EncodingGuess
from webtune_tui.sources.files import packed
from webtune_tui.sources.files.detect import (
    BINARY_FORMATS,
    HEAD,
    LINE_FORMATS,
    Detected,
    detect,
    format_word,
    open_regular,
)
from webtune_tui.sources.files.encodings import encoding_name, first_bad_byte, proposals

_DEEPEST = 2


@dataclass(frozen=True, slots=True)
class Choice:
    """What the person said about the files; ``None`` leaves it to the content."""

    format: str | None = None
    encoding: str | None = None
    list_path: str | None = None

    @classmethod
    def typed(cls, format: str | None, encoding: str | None, list_path: str | None) -> Choice:
        """What was typed, in our own words. Raises UsageError for an unknown format or encoding."""
        return cls(
            format_word(format) if format else None, encoding_name(encoding) if encoding else None, list_path or None
        )


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing to read. ``path`` holds its bytes until the next piece is asked for.

    ``member`` names it inside its archive, empty for the file itself and inside gzip and zstd. ``place`` is what
    stands behind the raw copy's name in the place of its records. ``guesses`` are given where bytes do not decode.
    """

    path: Path
    member: str
    place: str
    found: Detected
    guesses: tuple[EncodingGuess, ...] = ()


@dataclass(frozen=True, slots=True)
class Working:
    """Bytes that were unpacked so far, so that a person sees that something happens."""

    done: int


@dataclass
class Unpacking:
    """Where and within what limits packed files are opened. ``at_most`` bytes of each are enough for a preview."""

    folder: Callable[[], Path]
    limits: ReadLimits
    check: Callable[[], None] = lambda: None
    at_most: int | None = None
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))


def beginning(path: Path) -> bytes:
    """The first bytes of a regular file. Raises OSError."""
    with open_regular(path) as stream:
        return stream.read(HEAD)


def look(path: Path, name: str, head: bytes, choice: Choice) -> Detected | str:
    """How a file is read, or the kind of its packing."""
    kind = packed.kind_of(head)
    if kind is None:
        return detect(head, name, format=choice.format, encoding=choice.encoding)
    if kind == packed.ZIP and choice.format != "xlsx":
        word = packed.office_word(path)
        if word and word != "xlsx":
            return Detected(None, None, f"{word}; save it as text, HTML or .xlsx first")
        return detect(head, name, format="xlsx") if word else kind
    return detect(head, name, format="xlsx") if kind == packed.ZIP else kind


def pieces(path: Path, name: str, choice: Choice, unpacking: Unpacking) -> Iterator[Piece | Working]:
    """Everything in a file that could be read, with how; also what can't be used, with the reason."""
    budget = packed.Budget(unpacking.limits, path.stat().st_size, unpacking.check, at_most=unpacking.at_most)
    yield from _Opener(choice, unpacking, budget).pieces(_Thing(path, name))


@dataclass(frozen=True, slots=True)
class _Thing:
    """A file on its way inwards: where its bytes lie, what it is called, and how many packings are around it."""

    path: Path
    name: str
    member: str = ""
    place: str = ""
    depth: int = 0

    def unusable(self, reason: str) -> Piece:
        """It with the reason why it can't be used."""
        return Piece(self.path, self.member, self.place, Detected(None, None, reason))


@dataclass(frozen=True, slots=True)
class _Opener:
    """Goes through one file and what is packed in it, with one budget for all of it."""

    choice: Choice
    unpacking: Unpacking
    budget: packed.Budget

    def pieces(self, thing: _Thing) -> Iterator[Piece | Working]:
        """The thing itself, or the things in it."""
        looked = look(thing.path, thing.name, beginning(thing.path), self.choice)
        if isinstance(looked, Detected):
            yield self._checked(thing, looked)
            return
        if thing.depth == _DEEPEST:
            yield thing.unusable(f"is packed more than {_DEEPEST} times; unpack it first")
            return
        with contextlib.ExitStack() as stack:
            try:
                inside = stack.enter_context(packed.members(thing.path, looked, thing.name, self.unpacking.limits))
            except packed.Unpackable as fault:
                yield thing.unusable(str(fault))
                return
            if not inside:
                yield thing.unusable("the archive holds no files")
            for member in inside:
                yield from self._inside(thing, looked, member)

    def _inside(self, thing: _Thing, kind: str, member: packed.Member) -> Iterator[Piece | Working]:
        """A member unpacked to a private file and looked into, or why that can't be."""
        inner = _Thing(
            thing.path,
            member.name or packed.inner_name(thing.name, kind),
            "/".join(part for part in (thing.member, member.name) if part),
            f"{thing.place}!{member.name}",
            thing.depth + 1,
        )
        if member.reason:
            yield inner.unusable(member.reason)
            return
        folder, number = self.unpacking.folder(), next(self.unpacking.numbers)
        with packed.private_file(folder, number, member.suffix) as (unpacked, target):
            try:
                with target:
                    for done in packed.unpack(thing.path, kind, member, target, self.budget):
                        yield Working(done)
            except packed.Unpackable as fault:
                yield inner.unusable(str(fault))
                return
            yield from self.pieces(replace(inner, path=unpacked))

    def _checked(self, thing: _Thing, found: Detected) -> Piece:
        """The piece, refused where a format that is read as a whole has bytes that do not decode."""
        piece = Piece(thing.path, thing.member, thing.place, found)
        most = self.unpacking.at_most
        if thing.depth and most is not None and thing.path.stat().st_size >= most:  # only its beginning is here
            is_whole_needed = found.reader in BINARY_FORMATS
            return thing.unusable("too large to look into while it is packed") if is_whole_needed else piece
        if found.format is None or found.encoding is None or found.reader in LINE_FORMATS:
            return piece
        bad_at = first_bad_byte(thing.path, found.encoding)
        if bad_at is None:
            return piece
        guesses = proposals(thing.path, bad_at)
        reason = f"byte {bad_at:,} is not {found.encoding}; {advice(guesses)}"
        return replace(piece, found=Detected(None, None, reason), guesses=guesses)


def advice(guesses: tuple[EncodingGuess, ...]) -> str:
    """What to do about bytes that do not decode."""
    if not guesses:
        return "if it is another encoding, give --encoding"
    shown = ", ".join(f"{guess.encoding} reads “{guess.reads}”" for guess in guesses)
    return f"give --encoding; {shown}"
