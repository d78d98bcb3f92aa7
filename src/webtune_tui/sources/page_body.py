"""The body of a fetched page: which kinds can be read, and how it gets into a file within limits."""

from __future__ import annotations

import asyncio
import os
import re
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import BinaryIO

from webtune_tui.domain.limits import ReadLimits
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.sources.base import CutBody, PageRefused

_SUFFIXES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
    "text/plain": ".txt",
    "application/json": ".json",
    "text/json": ".json",
    "text/vtt": ".vtt",
    "application/x-subrip": ".srt",
    "text/srt": ".srt",
}
_BY_NAME = {".md": "text/markdown", ".markdown": "text/markdown", ".vtt": "text/vtt", ".srt": "application/x-subrip"}
_WRITE_SIZE = 256 * 1024
_FREE_EXPANSION = 1024**2  # a small body may grow as it likes: short pages pack well


def media_type_of(content_type: str, path: str) -> tuple[str, str | None]:
    """The media type and charset that a server declares; a plain text with a telling name is what its name says.

    Raises:
        PageRefused: it is of a kind that can't be read.
    """
    declared, _, parameters = content_type.partition(";")
    media_type = declared.strip().lower()
    charset = re.search(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", parameters, re.IGNORECASE)
    if media_type.endswith("+json"):
        media_type = "application/json"
    if media_type in ("", "text/plain", "application/octet-stream"):
        ending = re.search(r"\.[a-z]{2,8}$", path.partition("?")[0].lower())
        media_type = _BY_NAME.get(ending.group() if ending else "", media_type)
    if media_type and media_type not in _SUFFIXES:
        what = "a PDF" if media_type == "application/pdf" else display_line(media_type, limit=60)
        raise PageRefused(f"The page is {what}, which can't be read", reason="media_type")
    return media_type, charset.group(1) if charset else None


def suffix_of(media_type: str) -> str:
    """The ending of the file that holds a page of this kind."""
    return _SUFFIXES.get(media_type, ".txt")


def guessed(head: bytes) -> str:
    """The media type of a body whose server declared none."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return "text/html" if start == b"<" else "text/plain"


async def store(pieces: AsyncIterator[bytes], encoding: str, target: Path, limits: ReadLimits) -> int:
    """Unpacks a body piece by piece into a file and answers its size in bytes; the file is synced.

    Raises:
        PageRefused: it is larger than ``limits.page_mb``, grows beyond reason, or is packed in an unknown way.
        CutBody: it ended before its end, or is damaged.
    """
    unpack = _Unpacker(encoding, limits)
    stream = create(target)  # microseconds; in a thread a cancelled caller would lose the open file
    try:
        pending = bytearray()
        async for piece in pieces:
            for part in unpack.parts(piece):
                pending += part
                if len(pending) >= _WRITE_SIZE:
                    await asyncio.to_thread(stream.write, bytes(pending))
                    pending.clear()
        unpack.finish()
        await asyncio.to_thread(_finish, stream, bytes(pending))
    finally:
        stream.close()  # not in a thread: a cancelled call that still waits for one is never made
    return unpack.size


async def beginning(pieces: AsyncIterator[bytes], encoding: str, size: int, limits: ReadLimits) -> bytes:
    """At most the first ``size`` bytes of a body, unpacked. Raises PageRefused, CutBody."""
    unpack = _Unpacker(encoding, limits)
    body = bytearray()
    async for piece in pieces:
        for part in unpack.parts(piece):
            body += part
            if len(body) >= size:
                return bytes(body[:size])
    return bytes(body)


def create(target: Path) -> BinaryIO:
    """A new private file; a link under its name is not followed."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    return os.fdopen(os.open(target, flags, 0o600), "wb")


class _Unpacker:
    """Plain, gzip or deflate pieces, never more than a little at once, and not beyond the limits."""

    def __init__(self, encoding: str, limits: ReadLimits) -> None:
        name = encoding.strip().lower()
        if name not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise PageRefused(
                f"The page is packed as {display_line(name, limit=40)}, which was not asked for", reason="encoding"
            )
        self._inflater = None if name in ("", "identity") else zlib.decompressobj(47 if name != "deflate" else 15)
        self._limits = limits
        self._taken = 0
        self.size = 0

    def parts(self, piece: bytes) -> Iterator[bytes]:
        """What a piece unpacks to, a little at a time."""
        self._taken += len(piece)
        if self._inflater is None:
            yield self._counted(piece)
            return
        try:
            while not self._inflater.eof:
                part = self._inflater.decompress(piece, _WRITE_SIZE)
                yield self._counted(part)
                piece = self._inflater.unconsumed_tail
                if not piece and len(part) < _WRITE_SIZE:
                    return
        except zlib.error as error:
            raise CutBody("The page says that it is packed and is not") from error

    def finish(self) -> None:
        """Checks that the end was seen. Raises CutBody."""
        if self._inflater is not None and self._taken and not self._inflater.eof:
            raise CutBody("The packed page ended before its end")

    def _counted(self, part: bytes) -> bytes:
        self.size += len(part)
        if self.size > self._limits.page_bytes:
            raise PageRefused(
                f"The page is larger than {self._limits.page_mb} MB",
                reason="too_large",
                hint="page_mb in [limits] of the settings allows more.",
            )
        if self.size > _FREE_EXPANSION and self.size > self._taken * self._limits.expansion:
            raise PageRefused(
                f"The page unpacks to more than {self._limits.expansion} times its size", reason="packed_bomb"
            )
        return part


def _finish(stream: BinaryIO, rest: bytes) -> None:
    stream.write(rest)
    stream.flush()
    os.fsync(stream.fileno())
