"""``webtune import``: records from files, streaming, with rejects by line."""

from __future__ import annotations

import argparse
import dataclasses
from contextlib import aclosing
from pathlib import Path
from typing import Any

from webtune_tui.cli.command import Access, CommandContext, Outcome, Table
from webtune_tui.domain.errors import UsageError, WebtuneError
from webtune_tui.domain.events import FileImported, Imported, Noted, Progressed

SUMMARY = "import JSON, JSON lines and CSV files; ready chat examples are recognised"
EXAMPLES = ("webtune import rows.jsonl", "webtune import exports/ products.csv --encoding latin-1")
ACCESS = Access.WRITE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The paths and what the content does not tell."""
    parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="files or folders")
    parser.add_argument("--format", metavar="WORD", help="json, jsonl, csv or tsv; default: told by the content")
    parser.add_argument("--encoding", metavar="NAME", help="such as latin-1; default: byte order mark, else UTF-8")


async def run(context: CommandContext) -> Outcome:
    """Imports everything as one collection."""
    given = context.arguments
    _require_all(given.paths)
    files: list[FileImported] = []
    imported: Imported | None = None
    async with context.services() as services:
        try:
            events = services.imports.run(given.paths, format=given.format, encoding=given.encoding)
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
                            context.progress.update(f"{event.done:,} records  {event.message}")
        except WebtuneError as error:
            error.fields = {"files": _file_fields(files)} | error.fields
            raise
    assert imported is not None, "every import ends with Imported"
    return _outcome(imported)


def _require_all(paths: list[Path]) -> None:
    """Refuses a missing path before a workspace is made for it."""
    for path in paths:
        if not path.expanduser().exists():
            raise UsageError(f"{path} does not exist", hint="Check the path.")


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
