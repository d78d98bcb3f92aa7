"""``webtune dataset dropped``, ``restore`` and ``clusters``: the rows that make no example, and bringing them back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from webtune_tui.cli.command import Access, CommandContext, Outcome, Table, add_subcommand, whole_number
from webtune_tui.cli.dataset_editing import left_lines
from webtune_tui.domain.datasets import Cluster, DroppedRecord
from webtune_tui.domain.dropped_fields import condition_of
from webtune_tui.domain.edit_steps import Edited, EditResult, RestorePreview
from webtune_tui.domain.errors import InternalFault, UsageError
from webtune_tui.domain.events import Progressed


def add_row_commands(group: Any) -> None:
    """The three commands."""
    dropped = add_subcommand(
        group,
        "dropped",
        _dropped,
        access=Access.READ,
        summary="List the records that make no example, each with its reason.",
        examples=("webtune dataset dropped", "webtune dataset dropped --reason near_duplicate"),
    )
    dropped.add_argument("--reason", metavar="REASON", help="only those with this reason")
    dropped.add_argument("--limit", type=whole_number(0), default=50, metavar="N", help="at most N records (50)")
    restore = add_subcommand(
        group,
        "restore",
        _restore,
        access=Access.WRITE,
        summary="Bring dropped examples back: by hand ones at once, others with the next prepare.",
        examples=(
            "webtune dataset restore ex-0123456789abcdef",
            "webtune dataset restore --reason quality --where 'rating >= 4' --preview",
        ),
    )
    restore.add_argument("example_ids", nargs="*", metavar="EXAMPLE_ID")
    restore.add_argument("--reason", default="", metavar="REASON", help="instead of ids: all with this reason")
    restore.add_argument("--step", default="", metavar="STEP", help="all that this step dropped (edits: by hand)")
    restore.add_argument(
        "--where", default="", metavar="CONDITION", help="on reason, step, detail, source and the records' fields"
    )
    restore.add_argument("--preview", action="store_true", help="tell what would come back, and change nothing")
    clusters = add_subcommand(
        group,
        "clusters",
        _clusters,
        access=Access.READ,
        summary="List the examples that stayed for dropped duplicates, largest clusters first.",
        examples=("webtune dataset clusters --limit 10",),
    )
    clusters.add_argument("--limit", type=whole_number(0), default=20, metavar="N", help="at most N clusters (20)")


async def _dropped(context: CommandContext) -> Outcome:
    arguments = context.arguments
    async with context.services() as services:
        await services.curate.version(None)
        rows = await services.prepare.dropped(arguments.reason, limit=arguments.limit)
        report = await services.curate.report()
    table = Table(
        ("example", "reason", "title", "detail"),
        [(one.example_id, one.reason, one.title, one.detail) for one in rows],
        empty=_none_dropped(arguments.reason, report.dropped if report else {}),
        wraps=True,
    )
    return Outcome({"dropped": [_dropped_json(one) for one in rows]}, table)


def _none_dropped(reason: str | None, dropped: Mapping[str, int]) -> str:
    there = ", ".join(f"{name} {count:,}" for name, count in dropped.items() if count)
    if not reason:
        return "No record was dropped."
    return f"No record was dropped as {reason}. There are: {there or 'none at all'}."


async def _restore(context: CommandContext) -> Outcome:
    arguments = context.arguments
    where = condition_of(arguments.reason, arguments.step, arguments.where)
    if arguments.example_ids and where:
        raise UsageError("Both ids and a condition are given", hint="Give one of them.")
    if arguments.example_ids and arguments.preview:
        raise UsageError("Ids need no preview", hint="Give --reason, --step or --where, or leave --preview out.")
    async with context.services() as services:
        if arguments.preview:
            return _previewed(await services.editing.preview_restore(where))
        if not where:
            result = await services.curate.restore(arguments.example_ids)
        else:
            result = await _restored(context, services.editing.restore(where))
        changed = await services.editing.changed_ids(result) if arguments.json else result.changed
    told = []
    if result.count:
        told.append(f"{result.count:,} back; the working version is {result.version.dataset_version}")
    if result.waiting:
        told.append(f"{len(result.waiting):,} will be back after: webtune prepare")
    told = told or [result.words if where else "Nothing changed"]
    body = changed_json(result) | {"changed": list(changed), "waiting": list(result.waiting)}
    beside = {"left": result.left, "reasons": dict(result.reasons)} if where else {}
    return Outcome(body | beside, "\n".join([*told, *left_lines(result.left, result.reasons)]))


async def _restored(context: CommandContext, events: AsyncGenerator[Progressed | Edited, None]) -> EditResult:
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Edited):
                return event.result
            of = f" of {event.total:,}" if event.total else ""
            context.progress.update(f"{event.stage}: {event.done:,}{of} {event.unit}")
    raise InternalFault("The edit ended without a result")


def _previewed(preview: RestorePreview) -> Outcome:
    left = sum(preview.reasons.values())
    body = {
        "preview": True,
        "met": preview.met,
        "would_be_back": preview.at_once,
        "would_wait": preview.waiting,
        "left": left,
        "reasons": dict(preview.reasons),
        "samples": [_dropped_json(one) for one in preview.samples],
    }
    told = [
        f"{preview.met:,} selected: {preview.at_once:,} would be back at once, {preview.waiting:,} after a new prepare",
        *left_lines(left, preview.reasons),
        *(f"  {one.example_id}  {one.reason}  {one.title}" for one in preview.samples),
    ]
    return Outcome(body, "\n".join(told))


async def _clusters(context: CommandContext) -> Outcome:
    async with context.services() as services:
        await services.curate.version(None)
        found = await services.prepare.clusters(limit=context.arguments.limit)
    rows = [
        (one.keeper_id if not number else "", member.example_id, member.reason, member.title)
        for one in found
        for number, member in enumerate(one.members)
    ]
    table = Table(("stayed", "dropped for it", "reason", "title"), rows, empty="There are no duplicates.")
    return Outcome({"clusters": [_cluster_json(one) for one in found]}, table)


def changed_json(result: EditResult) -> dict[str, Any]:
    """The version after a change by hand, and the examples that changed."""
    return {
        "dataset_version": result.version.dataset_version,
        "content_hash": result.version.content_hash,
        "changed": list(result.changed),
    }


def _cluster_json(cluster: Cluster) -> dict[str, Any]:
    return {"keeper": cluster.keeper_id, "members": [_dropped_json(one) for one in cluster.members]}


def _dropped_json(one: DroppedRecord) -> dict[str, Any]:
    return {
        "example_id": one.example_id,
        "record_id": one.record_id,
        "collection_id": one.collection_id,
        "position": one.position,
        "reason": one.reason,
        "step": one.step,
        "detail": one.detail,
        "title": one.title,
        "keeper": one.keeper_id or None,
    }
