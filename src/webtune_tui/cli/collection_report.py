"""Collections as JSON fields of the contract, and following one on the command line."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from webtune_tui.cli.command import Outcome
from webtune_tui.domain.amounts import usd
from webtune_tui.domain.errors import WebtuneError, WorkFailed
from webtune_tui.domain.events import CollectEvent, CollectionChanged, Noted, Progressed
from webtune_tui.domain.records import Collection, CollectionState

if TYPE_CHECKING:
    from pathlib import Path

    from webtune_tui.cli.diagnostics import Progress


def collection_fields(collection: Collection, root: Path) -> dict[str, Any]:
    """What every command says of a collection; ``root`` is the workspace folder."""
    raw = collection.raw_path
    return {
        "collection_id": collection.collection_id,
        "source": collection.source,
        "label": collection.label,
        "snapshot_id": collection.snapshot_id,
        "state": "unknown" if collection.state is CollectionState.DRAFT else collection.state.value,
        "phase": collection.phase,
        "records": collection.records,
        "errors": collection.errors,
        "new": collection.new,
        "changed": collection.changed,
        "duplicates": collection.duplicates,
        "rejected": collection.rejected,
        "gone": collection.gone,
        "previous_id": collection.previous_id,
        "estimated_cost": collection.estimated_cost,
        "cost": collection.cost,
        "raw_path": str(root / raw) if raw else None,
        "is_sandbox": collection.is_sandbox,
        "address": collection.address,
        "created": collection.created_at,
        "updated": collection.updated_at,
        "finished": collection.finished_at,
        "message": collection.message,
    }


async def follow(
    events: AsyncGenerator[CollectEvent, None], progress: Progress, root: Path, known: dict[str, Any] | None = None
) -> Collection:
    """Tells a collection's events on stderr and answers it as it ended.

    ``known`` receives the collection's fields, for a command that is interrupted.

    Raises:
        WebtuneError: with what is known of the collection beside it.
    """
    collection: Collection | None = None
    shown = ""
    try:
        async with aclosing(events):
            async for event in events:
                match event:
                    case CollectionChanged():
                        collection = event.collection
                        if known is not None:
                            known.update(collection_fields(collection, root))
                        shown = _tell(collection, shown, progress)
                    case Noted():
                        progress.say(event.message)
                    case Progressed():
                        progress.update(f"{event.stage} {event.done:,} {event.unit}")
    except WebtuneError as error:
        if collection is not None:
            error.fields = collection_fields(collection, root) | error.fields
        raise
    assert collection is not None, "every collecting ends with the collection"
    return collection


def outcome_of(collection: Collection, root: Path, extra: dict[str, Any] | None = None) -> Outcome:
    """The end of a command that brought one collection. Raises WorkFailed unless it brought records."""
    fields = collection_fields(collection, root) | (extra or {})
    if collection.state in (CollectionState.FAILED, CollectionState.EMPTY):
        hint = f"Its log and raw data are kept: webtune collect list; {collection.collection_id}"
        if collection.errors:
            hint = f"What failed and why: webtune collect errors {collection.collection_id}"
        raise WorkFailed(
            collection.message or f"The collection is {collection.state.value}",
            hint=hint,
            fields=fields,
        )
    return Outcome(fields, receipt(collection), 1 if collection.state is CollectionState.CANCELLED else 0)


def receipt(collection: Collection) -> str:
    """What was collected and what it cost, for a person."""
    source = " (sandbox)" if collection.is_sandbox else ""
    lines = [f"{collection.collection_id}  {collection.state.value}  {collection.label}{source}"]
    lines.append(
        f"  {collection.records:,} records: {collection.new:,} new, {collection.changed:,} changed, "
        f"{collection.duplicates:,} already here; {collection.errors:,} error rows"
    )
    if collection.gone is not None:
        see = f"webtune collect drift {collection.collection_id}"
        lines.append(f"  {collection.gone:,} gone since {collection.previous_id}; see: {see}")
    if collection.cost is not None:
        estimated = f" of at most {usd(collection.estimated_cost)}" if collection.estimated_cost is not None else ""
        lines.append(f"  {usd(collection.cost)}{estimated}")
    if collection.message:
        lines.append(f"  {collection.message}")
    return "\n".join(lines)


def _tell(collection: Collection, shown: str, progress: Progress) -> str:
    """Says a changed state, or renews the line that shows the counters; answers what is on screen now."""
    phase = f" ({collection.phase})" if collection.phase else ""
    snapshot = f", snapshot {collection.snapshot_id}" if collection.snapshot_id else ""
    state = f"{collection.collection_id}: {collection.state.value}{phase}{snapshot}"
    if state != shown:
        progress.say(state)
    else:
        progress.update(f"{state}: {collection.records:,} records, {collection.errors:,} errors")
    return state
