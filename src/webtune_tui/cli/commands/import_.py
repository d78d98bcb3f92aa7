"""``webtune import``: records from files, streaming, with rejects by line; ``--preview`` only looks at them."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, BinaryIO

from webtune_tui.cli.command import Access, CommandContext, Outcome, Table, whole_number
from webtune_tui.domain.errors import InvalidInput, UsageError, WebtuneError
from webtune_tui.domain.events import FileImported, Imported, Noted, Progressed
from webtune_tui.domain.previews import FilePreview
from webtune_tui.domain.profiles import FieldProfile

SUMMARY = "import JSON, tables, pages, subtitles and texts, packed or not; ready chat examples are recognised"
EXAMPLES = (
    "webtune import rows.jsonl",
    'webtune import exports/ "data/**/*.csv" --encoding latin-1',
    "webtune import --preview products.json --list data.items",
    "curl -s https://example.com/rows.jsonl.gz | webtune import -",
)
ACCESS = Access.WRITE
_SAMPLE = 200
_STDIN = Path("-")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The paths and what the content does not tell."""
    words = "json jsonl csv tsv parquet xlsx html markdown text vtt srt openai flat preference sharegpt alpaca"
    parser.add_argument(
        "paths", metavar="PATH", nargs="+", type=Path, help='files, folders, patterns ("data/**/*.csv") or - for stdin'
    )
    parser.add_argument("--format", metavar="WORD", help=f"{words}; default: told by the content")
    parser.add_argument("--encoding", metavar="NAME", help="such as latin-1; default: byte order mark, else UTF-8")
    parser.add_argument("--list", metavar="A.B", dest="list_path", help="the list of a JSON document; default: largest")
    looking = parser.add_argument_group("looking before importing")
    looking.add_argument("--preview", action="store_true", help="show format, encoding, lists, fields; store nothing")
    looking.add_argument(
        "--field", metavar="ADDRESS", action="append", help="show only a.b[0].c or a.b[].c; repeatable"
    )
    looking.add_argument(
        "--sample", metavar="N", type=whole_number(1), default=_SAMPLE, help=f"records of each file; default {_SAMPLE}"
    )


async def run(context: CommandContext) -> Outcome:
    """Imports everything as one collection, or shows what it looks like."""
    from webtune_tui.services.import_paths import require_all  # refused before a workspace is made for it

    given = context.arguments
    require_all(given.paths)
    if given.field and not given.preview:
        raise UsageError("--field goes with --preview", hint="Add --preview.")
    if given.preview:
        return await _preview(context)
    files: list[FileImported] = []
    imported: Imported | None = None
    async with context.services() as services:
        try:
            events = services.imports.run(
                given.paths,
                format=given.format,
                encoding=given.encoding,
                list_path=given.list_path,
                stdin=_stdin(given.paths),
            )
            async with aclosing(events):
                async for event in events:
                    match event:
                        case FileImported():
                            files.append(event)
                            context.progress.detail(f"{event.path}: {event.records:,} records")
                        case Imported():
                            imported = event
                        case Noted():
                            context.progress.say(event.message)
                        case Progressed():
                            context.progress.update(f"{event.stage}: {event.done:,} {event.unit}  {event.message}")
        except WebtuneError as error:
            error.fields = {"files": _file_fields(files)} | error.fields
            raise
    assert imported is not None, "every import ends with Imported"
    return _outcome(imported)


async def _preview(context: CommandContext) -> Outcome:
    """What each file looks like; no workspace is opened for it."""
    from webtune_tui.services import previewing
    from webtune_tui.sources.files.opening import Choice

    given = context.arguments
    choice = Choice.typed(given.format, given.encoding, given.list_path)
    wanted = previewing.Wanted(given.sample, tuple(given.field or ()))
    found = await previewing.inspect(given.paths, choice, context.settings().limits, wanted, stdin=_stdin(given.paths))
    data = {"files": [_preview_fields(file) for file in found]}
    if not any(file.format for file in found):
        reasons = "; ".join(f"{file.path}: {file.reason}" for file in found[:5])
        raise InvalidInput(f"Nothing can be used: {reasons}", hint="Try --format or --encoding.", fields=data)
    parts = [part for file in found for part in _shown(file)]
    if len(found) >= previewing.MOST_FILES:
        parts.append(f"Only the first {previewing.MOST_FILES} files were looked at.")
    return Outcome(data, parts)


def _stdin(paths: Sequence[Path]) -> BinaryIO | None:
    """Stdin where ``-`` names it; nobody is asked to type a file into a terminal."""
    if _STDIN not in paths:
        return None
    if sys.stdin.isatty():
        raise UsageError(
            "- reads stdin, and nothing is piped into it", hint="For example: cat rows.jsonl | webtune import -"
        )
    return sys.stdin.buffer


def _outcome(imported: Imported) -> Outcome:
    collection = imported.collection
    data = {
        "collection_id": collection.collection_id,
        "state": collection.state.value,
        "files": _file_fields(list(imported.files)),
        "records": collection.records,
        "rejected": collection.rejected,
        "new": collection.new,
        "changed": collection.changed,
        "duplicates": collection.duplicates,
        "rejects_path": imported.rejects_path,
    }
    rows = [(f.path, f.format or "-", f.encoding or "-", f.records, f.rejected, f.reason) for f in imported.files]
    lines = [
        f"{collection.collection_id}: {collection.records:,} records ({collection.new:,} new, "
        f"{collection.changed:,} changed, {collection.duplicates:,} already here), {collection.rejected:,} rejected"
    ]
    if imported.rejects_path:
        lines.append(f"Rejects with line and reason: {imported.rejects_path}")
    return Outcome(data, [Table(("file", "format", "encoding", "records", "rejected", "note"), rows), *lines])


def _file_fields(files: list[FileImported]) -> list[dict[str, Any]]:
    return [dataclasses.asdict(file) for file in files]


def _preview_fields(file: FilePreview) -> dict[str, Any]:
    return {
        "path": file.path,
        "format": file.format,
        "encoding": file.encoding,
        "encodings_possible": [dataclasses.asdict(guess) for guess in file.encodings_possible],
        "lists": [dataclasses.asdict(one) for one in file.lists],
        "fields": [_field_fields(one) for one in file.fields],
        "rows": file.rows,
        "rejected": file.rejected,
        "reason": file.reason,
    }


def _field_fields(profile: FieldProfile) -> dict[str, Any]:
    return {
        "path": profile.path,
        "types": dict(profile.types),
        "fill_rate": round(profile.fill_rate, 4),
        "samples": list(profile.samples),
    }


def _shown(file: FilePreview) -> list[str | Table]:
    """A file as words and a table of its fields."""
    told = f"{file.path}: {file.format or 'not used'}"
    if file.encoding:
        told += f", {file.encoding}"
    if file.format:
        told += f", the first {file.rows:,} records" + (f", {file.rejected:,} rejected" if file.rejected else "")
    lines: list[str | Table] = [told + (f" ({file.reason})" if file.reason else "")]
    if len(file.lists) > 1:
        lines.append(
            "Lists, take another with --list: " + ", ".join(f"{one.path} ({one.rows:,})" for one in file.lists)
        )
    if file.format and file.encodings_possible:
        guesses = ", ".join(f"{guess.encoding} reads “{guess.reads}”" for guess in file.encodings_possible)
        lines.append(f"Some bytes are not {file.encoding}; give --encoding: {guesses}")
    rows = [(one.path, _types(one), f"{one.fill_rate:.0%}", " | ".join(one.samples)) for one in file.fields]
    return [*lines, Table(("field", "types", "filled", "samples"), rows)] if rows else lines


def _types(profile: FieldProfile) -> str:
    return ", ".join(profile.types) or "nothing"
