"""``webtune collect show`` and ``collect delete``: one collection whole, and taking it out of the workspace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from webtune_tui.cli.collection_report import collection_fields, receipt
from webtune_tui.cli.command import Access, CommandContext, Outcome, Table, add_subcommand, whole_number
from webtune_tui.cli.origin_report import origin_lines, record_fields, use_fields, use_lines
from webtune_tui.domain.origins import Deleted, Dependents, raw_json
from webtune_tui.domain.records import Collection, Record, RecordKind
from webtune_tui.services.rejects import read_rejects, rejects_path

_TITLE_FIELDS = ("title", "name", "headline", "question", "prompt", "instruction", "text", "error", "warning")


def add_show_and_delete(group: Any) -> None:
    """The two verbs below ``webtune collect``."""
    show_parser = add_subcommand(
        group,
        "show",
        show,
        access=Access.READ,
        summary="one collection with its log and records, or one record with its raw bytes",
        examples=(
            "webtune collect show c261122-1a2b3c4d",
            "webtune collect show c261122-1a2b3c4d --record 12",
            "webtune collect show c261122-1a2b3c4d --errors",
        ),
    )
    show_parser.add_argument("collection", metavar="ID")
    show_parser.add_argument(
        "--record", type=whole_number(0), metavar="N", help="the record at position N, with its raw bytes"
    )
    show_parser.add_argument("--errors", action="store_true", help="only error and warning rows, and the rejects")
    show_parser.add_argument("--limit", type=whole_number(0), default=20, metavar="N", help="at most N records (20)")
    delete_parser = add_subcommand(
        group,
        "delete",
        delete,
        access=Access.WRITE,
        summary="delete a collection with its records and raw files; first says what depends on it",
        examples=("webtune collect delete c261122-1a2b3c4d",),
    )
    delete_parser.add_argument("collection", metavar="ID")


async def show(context: CommandContext) -> Outcome:
    """One collection, its log and some of its records; or one record whole."""
    given = context.arguments
    async with context.services() as services:
        collection = await services.collect.collection(given.collection)
        events = await services.collect.events_of(given.collection)
        body = collection_fields(collection, context.workspace)
        body["record_count"] = body["records"]  # the name is that of the list here
        body["events"] = [{"time": time, "level": level, "message": message} for time, level, message in events]
        if given.record is not None:
            source = await services.origins.at(given.collection, given.record)
            uses = await services.origins.examples_of(source.record.record_id)
            body["records"] = [record_fields(source, context.workspace) | use_fields(uses)]
            return Outcome(body, "\n".join([*origin_lines(source, with_raw=True), "", *use_lines(uses)]))
        kinds = (RecordKind.ERROR, RecordKind.WARNING) if given.errors else ()
        records = await services.collect.records_of(given.collection, limit=given.limit, kinds=kinds)
        body["records"] = [_sample(record, given.collection) for record in records]
        parts: list[str | Table] = [*_collection_parts(collection, events), _record_table(records, given.errors)]
        if given.errors:
            rejects = await read_rejects(services.workspace, given.collection, limit=given.limit)
            body["rejects"] = [asdict(reject) for reject in rejects]
            path = rejects_path(services.workspace, given.collection)
            body["rejects_path"] = str(path) if path.exists() else None
            rows = [(f"{Path(one.path).name}:{one.line}", one.reason, one.snippet) for one in rejects]
            parts += ["", Table(("rejected", "reason", "begins"), rows, empty="Nothing was rejected.")]
    return Outcome(body, parts)


async def delete(context: CommandContext) -> Outcome:
    """Says what depends on a collection, asks, and deletes it."""
    collection_id = context.arguments.collection
    async with context.services() as services:
        found = await services.origins.dependents(collection_id)
        title = f"Delete {collection_id} ({found.collection.label})?"
        if context.arguments.yes:
            for line in found.lines:
                context.progress.say(line)
        context.confirm("\n".join([*found.lines, title]))
        done = await services.origins.delete(
            collection_id,
            told=lambda done, total: context.progress.update(f"deleting {done:,} of {total:,} records"),
        )
    return Outcome(_deletion_fields(found, done), _deletion_words(done))


def _deletion_fields(found: Dependents, done: Deleted) -> dict[str, Any]:
    return {
        "collection_id": done.collection_id,
        "deleted": True,
        "records": done.records,
        "moved": done.moved,
        "revived": done.revived,
        "raw_leftover": str(done.leftover) if done.leftover is not None else None,
        "dependents": {
            "records": found.records,
            "shared": found.shared,
            "examples": found.examples,
            "versions": [asdict(use) for use in found.versions],
            "jobs": [asdict(job) for job in found.jobs],
            "models": list(found.models),
            "evaluations": found.evaluations,
        },
    }


def _deletion_words(done: Deleted) -> str:
    words = f"{done.collection_id} is deleted: {done.records:,} records"
    if done.moved:
        words += f"; {done.moved:,} stay with other collections"
    if done.revived:
        words += f"; {done.revived:,} older ones count again"
    if done.leftover is not None:
        words += f"\nIts raw files could not be removed yet, the next start tries again: {done.leftover}"
    return words


def _collection_parts(collection: Collection, events: Sequence[tuple[str, str, str]]) -> list[str | Table]:
    raw = f"\n  raw {collection.raw_path}" if collection.raw_path else ""
    log = Table(("time", "level", "message"), events, empty="No log.")
    return [receipt(collection) + raw, "", log, ""]


def _record_table(records: Sequence[Record], only_errors: bool) -> Table:
    rows = [(one.position, one.kind.value, _title(one), one.url or "", one.record_id) for one in records]
    empty = "No error rows." if only_errors else "No records."
    return Table(("position", "kind", "title", "url", "record"), rows, empty=empty)


def _title(record: Record) -> str:
    found = (record.fields.get(name) for name in _TITLE_FIELDS)
    return next((value for value in found if isinstance(value, str) and value.strip()), record.key)


def _sample(record: Record, collection_id: str) -> dict[str, Any]:
    return {
        "record_id": record.record_id,
        "collection_id": collection_id,
        "position": record.position,
        "kind": record.kind.value,
        "key": record.key,
        "url": record.url,
        "collected_at": record.collected_at,
        "raw": dict(raw_json(record.place)),
        "fields": dict(record.fields),
    }
