"""Gzip, zstd and zip around a file: unpacked within limits, member by member, to a private temporary place.

Names inside an archive never become names on disk. What can't be trusted (a bomb, a link, a name that leads outside,
an encrypted or broken member) is named with its reason, and the rest goes on.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from webtune_tui.domain.limits import MEGABYTE, ReadLimits

GZIP, ZSTD, ZIP = "gzip", "zstd", "zip"
_MAGIC = ((b"\x1f\x8b", GZIP), (b"\x28\xb5\x2f\xfd", ZSTD), (b"PK\x03\x04", ZIP), (b"PK\x05\x06", ZIP))
_OFFICE = (
    ("xl/workbook.xml", "xlsx"),
    ("word/document.xml", "a Word document"),
    ("ppt/presentation.xml", "a PowerPoint file"),
    ("META-INF/container.xml", "an e-book"),
    ("META-INF/manifest.xml", "an OpenDocument file"),
)
_PIECE = 256 * 1024
_HARMLESS = MEGABYTE  # what a file may become however small it was
_BYTES_PER_ENTRY = 1024  # of a zip's directory, on the average
_EOCD = b"PK\x05\x06"
_EOCD64_LOCATOR = b"PK\x06\x07"
_EOCD64 = b"PK\x06\x06"
_DAMAGE = (EOFError, OSError, ValueError, zlib.error, zipfile.BadZipFile, struct.error)
"""What reading a damaged archive ends in; a wrong place in it is an OSError."""
_CHECK_EVERY = 64 * MEGABYTE


class Unpackable(Exception):
    """A packed file or member that can't be used; the text is the reason."""


@dataclass
class Budget:
    """What one packed file may become in all, however deep the packing. ``check`` looks at the disk's space."""

    limits: ReadLimits
    packed: int
    check: Callable[[], None] = lambda: None
    spent: int = 0
    at_most: int | None = None

    def spend(self, size: int) -> None:
        """Counts unpacked bytes. Raises Unpackable beyond the limits."""
        before, self.spent = self.spent, self.spent + size
        require_ratio(self.spent, self.packed, self.limits)
        if self.spent > self.limits.unpacked_bytes:
            raise Unpackable(f"unpacks to more than {self.limits.unpacked_gb} GB (limits.unpacked_gb)")
        if before // _CHECK_EVERY != self.spent // _CHECK_EVERY:
            self.check()


@dataclass(frozen=True, slots=True)
class Member:
    """One thing inside a packed file. ``name`` is empty inside gzip and zstd; ``reason`` says why it can't be used."""

    name: str
    suffix: str
    reason: str = ""
    entry: tuple[zipfile.ZipFile, zipfile.ZipInfo] | None = None


def kind_of(head: bytes) -> str | None:
    """``gzip``, ``zstd`` or ``zip`` by the magic bytes; ``None`` for what is not packed."""
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)


def office_word(path: Path) -> str:
    """What a zip is that only serves as the shell of a document: ``xlsx``, or words for others; else empty."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
        return ""
    return next((word for name, word in _OFFICE if name in names), "")


def inner_name(name: str, kind: str) -> str:
    """The name of what gzip or zstd holds: without the ending that tells of the packing."""
    return re.sub(r"\.(?:gz|gzip|zst|zstd)$", "", name, flags=re.IGNORECASE) if kind != ZIP else name


@contextlib.contextmanager
def members(path: Path, kind: str, name: str, limits: ReadLimits) -> Iterator[list[Member]]:
    """What a packed file holds, in its order; can be unpacked in the block. Folders and hidden names are left out.

    Raises:
        Unpackable: the archive itself can't be read or holds too many members.
    """
    if kind != ZIP:
        yield [Member("", PurePosixPath(inner_name(name, kind)).suffix)]
        return
    with open_zip(path, limits) as archive:
        infos = [info for info in archive.infolist() if not _is_left_out(info)]
        if len(infos) > limits.members:
            raise Unpackable(f"holds {len(infos):,} files, more than {limits.members:,} (limits.members)")
        found, seen = list[Member](), set[str]()
        for info in infos:
            shown = info.orig_filename or info.filename
            suffix = PurePosixPath(info.filename).suffix
            found.append(Member(shown, suffix, _fault(info, shown, seen), (archive, info)))
            seen.add(shown)
        yield found


def unpack(path: Path, kind: str, member: Member, target: BinaryIO, budget: Budget) -> Iterator[int]:
    """Writes a member's bytes to the target piece by piece; gives the bytes written so far.

    ``budget.at_most`` stops quietly, for a look at the beginning.

    Raises:
        Unpackable: it is broken, cut or larger than the limits allow.
    """
    written = 0
    for piece, packed in _unpacked(path, kind, member):
        written += len(piece)
        require_ratio(written, packed, budget.limits)
        budget.spend(len(piece))
        target.write(piece)
        yield written
        if budget.at_most is not None and written >= budget.at_most:
            return


def member_bytes(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """The unpacked bytes of a member of a zip, piece by piece. Raises Unpackable where it is damaged."""
    try:
        with archive.open(info) as stream:
            while piece := stream.read(_PIECE):
                yield piece
    except _DAMAGE as error:
        raise Unpackable(f"is damaged or cut: {_said(error)}") from error
    except (NotImplementedError, RuntimeError) as error:
        raise Unpackable(f"is packed in a way that can't be read: {_said(error)}") from error


@contextlib.contextmanager
def open_zip(path: Path, limits: ReadLimits) -> Iterator[zipfile.ZipFile]:
    """A zip with its directory read, which must not be far too large. Raises Unpackable where it is damaged."""
    _require_small_directory(path, limits)
    try:
        archive = zipfile.ZipFile(path)
    except (*_DAMAGE, NotImplementedError) as error:
        raise Unpackable(f"is damaged or cut: {_said(error)}") from error
    with archive:
        yield archive


def _unpacked(path: Path, kind: str, member: Member) -> Iterator[tuple[bytes, int]]:
    """The unpacked bytes of a member piece by piece, each with how many packed bytes all of them come from."""
    if kind == ZIP:
        assert member.entry is not None, "members of a zip come from its directory"
        archive, info = member.entry
        yield from ((piece, info.compress_size) for piece in member_bytes(archive, info))
        return
    packed = path.stat().st_size
    try:
        with _open_stream(path, kind) as stream:
            while piece := stream.read(_PIECE):
                yield piece, packed
    except _DAMAGE as error:
        raise Unpackable(f"is damaged or cut: {_said(error)}") from error


def require_ratio(unpacked: int, packed: int, limits: ReadLimits) -> None:
    """Raises Unpackable for what grows too much, as bombs do."""
    if unpacked > _HARMLESS and unpacked > limits.expansion * max(packed, 1):
        raise Unpackable(f"unpacks to more than {limits.expansion} times its size (limits.expansion)")


def _open_stream(path: Path, kind: str) -> contextlib.AbstractContextManager[IO[bytes]]:
    if kind == GZIP:
        return cast("contextlib.AbstractContextManager[IO[bytes]]", gzip.open(path, "rb"))
    return _open_zstd(path)


@contextlib.contextmanager
def _open_zstd(path: Path | IO[bytes]) -> Iterator[IO[bytes]]:
    try:
        from compression import zstd  # type: ignore[import-not-found, unused-ignore]  # Python 3.14 brings it
    except ImportError:
        from backports import zstd
    try:
        with zstd.open(path, "rb") as plain:
            yield plain
    except zstd.ZstdError as error:
        raise Unpackable(f"is damaged or cut: {_said(error)}") from error


def _require_small_directory(path: Path, limits: ReadLimits) -> None:
    """Refuses an archive whose directory alone would fill the memory, before it is read."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(0, size - 66_000))
        tail = stream.read()
        at = tail.rfind(_EOCD)
        if at < 0 or len(tail) < at + 22:
            return
        directory = struct.unpack_from("<L", tail, at + 12)[0]
        locator = tail.rfind(_EOCD64_LOCATOR, 0, at)
        if directory == 0xFFFFFFFF and locator >= 0:
            stream.seek(struct.unpack_from("<Q", tail, locator + 8)[0])
            record = stream.read(56)
            if record.startswith(_EOCD64) and len(record) == 56:
                directory = struct.unpack_from("<Q", record, 40)[0]
    if directory > limits.members * _BYTES_PER_ENTRY:
        raise Unpackable(f"holds far more than {limits.members:,} files (limits.members)")


def _is_left_out(info: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(info.filename.replace("\\", "/")).parts
    is_hidden = any(part.startswith(".") and part != ".." for part in parts) or "__MACOSX" in parts
    return info.is_dir() or is_hidden


def _fault(info: zipfile.ZipInfo, shown: str, seen: set[str]) -> str:
    """Why a member can't be used, as far as its entry tells."""
    name = shown.replace("\\", "/")
    if "\x00" in name:
        return "its name holds a NUL"
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return "its name is an absolute path"
    if ".." in name.split("/"):
        return "its name leads outside the archive"
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "is a link"
    if kind not in (0, stat.S_IFREG):
        return "is not a regular file"
    if info.flag_bits & 0x1:
        return "is encrypted; unpack it first"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is packed by a method that webtune doesn't read; unpack it first"
    return "a second file of the same name" if shown in seen else ""


@contextlib.contextmanager
def open_place(folder: Path, file: str) -> Iterator[IO[bytes]]:
    """The bytes in which the place of a record counts: those of a raw copy, or of what is packed in it.

    ``file`` is that of a :class:`~webtune_tui.domain.records.RawPlace`: ``0001-a.zip!b.jsonl`` is the member
    ``b.jsonl``, ``0001-a.jsonl.gz!`` what the gzip holds; the name of a sheet behind a workbook is left out.

    Raises:
        Unpackable: nothing of that name is in it. OSError: the raw copy can't be read.
    """
    copy, mark, inside = file.partition("!")
    with (folder / copy).open("rb") as raw:
        if not mark:
            yield raw
            return
        with contextlib.ExitStack() as stack:
            stream: IO[bytes] = raw
            while (opened := _step_inside(stack, stream, inside)) is not None:
                stream, inside = opened
            stream.seek(0)
            yield stream


def _step_inside(stack: contextlib.ExitStack, stream: IO[bytes], inside: str) -> tuple[IO[bytes], str] | None:
    """The next stream inwards and what is still to be opened in it; ``None`` where the stream is no packed one."""
    stream.seek(0)
    kind = kind_of(stream.read(8))
    stream.seek(0)
    if kind is None:
        return None
    if kind == GZIP:
        unpacked = cast("IO[bytes]", stack.enter_context(gzip.GzipFile(fileobj=stream)))
        return unpacked, inside.removeprefix("!")
    if kind == ZSTD:
        return stack.enter_context(_open_zstd(stream)), inside.removeprefix("!")
    archive = stack.enter_context(zipfile.ZipFile(stream))
    names = archive.namelist()
    if "xl/workbook.xml" in names:
        return None
    fitting = [name for name in names if inside == name or inside.startswith(f"{name}!")]
    if not fitting:
        raise Unpackable(f"there is no {inside!r} in it")
    name = max(fitting, key=len)
    return stack.enter_context(archive.open(name)), inside[len(name) + 1 :]


def _said(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


@contextlib.contextmanager
def private_file(folder: Path, number: int, suffix: str) -> Iterator[tuple[Path, BinaryIO]]:
    """A new file of our own naming in a folder; removed at the end of the block."""
    ending = suffix if re.fullmatch(r"\.[A-Za-z0-9]{1,10}", suffix) else ""
    path = folder / f"part-{number:05d}{ending}"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield path, stream
    finally:
        path.unlink(missing_ok=True)
