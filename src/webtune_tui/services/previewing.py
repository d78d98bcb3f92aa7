"""A look at files before they are imported: format, encoding, lists and fields, with nothing stored."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from webtune_tui import registry
from webtune_tui.domain import field_paths
from webtune_tui.domain.limits import MEGABYTE, ReadLimits
from webtune_tui.domain.previews import EncodingGuess, FilePreview, FoundList
from webtune_tui.services.import_paths import STDIN, expand
from webtune_tui.services.profiling import Profiler
from webtune_tui.services.raw_copies import SourceFailed, copy_stream
from webtune_tui.services.stepwise import in_thread
from webtune_tui.sources.files import detect as detection
from webtune_tui.sources.files import opening
from webtune_tui.sources.files.base import Reject
from webtune_tui.sources.files.encodings import first_bad_byte, proposals
from webtune_tui.sources.files.opening import Choice, Piece

_ENOUGH = 64 * MEGABYTE  # of what is packed or comes from stdin
_MOST_REJECTS = 1000
MOST_FILES = 200
"""How many of the files that were named are looked at."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many records of each file are looked at, and the addresses to show; none of them shows every field."""

    sample: int
    fields: Sequence[str] = ()

    def of(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is shown of a record."""
        if not self.fields:
            return fields
        return {text.removesuffix("[]"): _values_at(fields, field_paths.parse(text)) for text in self.fields}


def _values_at(fields: Mapping[str, Any], path: field_paths.FieldPath) -> Any:
    """What stands at an address; one list of all values where it goes through lists."""
    value = field_paths.value_at(fields, path)
    for _ in range(path.count(None) - 1):
        value = [item for part in value or () if isinstance(part, list) for item in part]
    return value


async def inspect(
    paths: Sequence[Path], choice: Choice, limits: ReadLimits, wanted: Wanted, *, stdin: BinaryIO | None = None
) -> Sequence[FilePreview]:
    """What the files look like, the first ``MOST_FILES`` of them; no workspace is needed.

    Raises:
        UsageError: a path does not exist, or an address can't be read.
    """
    for address in wanted.fields:
        field_paths.parse(address)
    files = await asyncio.to_thread(expand, paths, limits)
    async with aclosing(in_thread(preview(files[:MOST_FILES], choice, limits, wanted, stdin))) as found:
        return [one async for one in found if one is not None]


def preview(
    files: Sequence[Path], choice: Choice, limits: ReadLimits, wanted: Wanted, stdin: BinaryIO | None
) -> Generator[FilePreview | None, None, None]:
    """Each file, or each member of an archive; ``None`` is a sign of life in between."""
    shown = 0
    with tempfile.TemporaryDirectory(prefix="webtune-") as folder:
        for path in files:
            try:
                readable = path
                if path == STDIN and stdin is not None:
                    readable = Path(folder, "stdin")
                    for _ in copy_stream(stdin, readable, at_most=_ENOUGH):
                        yield None
                unpacking = opening.Unpacking(lambda: Path(folder), limits, at_most=_ENOUGH)
                for piece in opening.pieces(readable, readable.name, choice, unpacking):
                    if not isinstance(piece, Piece):
                        yield None
                    elif (shown := shown + 1) > MOST_FILES:
                        return
                    else:
                        yield _of_piece(path, piece, choice, limits, wanted)
            except OSError as error:
                yield FilePreview(str(path), None, None, reason=error.strerror or str(error))
            except SourceFailed as fault:
                yield FilePreview(str(path), None, None, reason=str(fault))


def _of_piece(path: Path, piece: Piece, choice: Choice, limits: ReadLimits, wanted: Wanted) -> FilePreview:
    label = f"{path}/{piece.member}" if piece.member else str(path)
    found = piece.found
    if found.format is None:
        return FilePreview(label, None, found.encoding, encodings_possible=piece.guesses, reason=found.reason)
    reader = registry.load("sources.files", detection.READERS[found.reader])
    options = {"list_path": choice.list_path} if found.reader == "json" and choice.list_path else {}
    profiler, rows, rejected, reason = Profiler(), 0, 0, ""
    with contextlib.closing(reader.rows(piece.path, found.encoding or "", limits, **options)) as items:
        for item in itertools.islice(items, wanted.sample + _MOST_REJECTS):
            if isinstance(item, Reject):
                rejected += 1
                reason = reason or f"line {item.line}: {item.reason}"
                continue
            profiler.add(wanted.of(item.fields))
            rows += 1
            if rows == wanted.sample:
                break
    return FilePreview(
        path=label,
        format=found.format,
        encoding=found.encoding,
        encodings_possible=_guesses(piece),
        lists=_lists(piece, limits),
        fields=profiler.result(),
        rows=rows,
        rejected=rejected,
        reason=reason or ("" if rows else "it holds no records"),
    )


def _lists(piece: Piece, limits: ReadLimits) -> Sequence[FoundList]:
    """The lists of a JSON document; none in another format."""
    if piece.found.reader != "json":
        return ()
    from webtune_tui.sources.files.json_document import lists_in

    return [FoundList(one.path, one.objects) for one in lists_in(piece.path, piece.found.encoding or "", limits)]


def _guesses(piece: Piece) -> Sequence[EncodingGuess]:
    """Likely encodings of a file of lines, where some of its bytes do not decode."""
    found = piece.found
    if found.encoding is None or found.reader not in detection.LINE_FORMATS:
        return piece.guesses
    bad_at = first_bad_byte(piece.path, found.encoding)
    return proposals(piece.path, bad_at) if bad_at is not None else ()
