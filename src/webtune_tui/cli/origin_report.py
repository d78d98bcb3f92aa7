"""Where a record comes from, as JSON fields of the contract and as lines for a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from webtune_tui.domain.origins import DeletedRecord, Origin, RawPiece, RecordSource, RecordUses, raw_json
from webtune_tui.domain.records import NO_PLACE


def origin_fields(origin: Origin, root: Path, *, with_raw: bool = False) -> dict[str, Any]:
    """One record behind an example; ``root`` is the workspace folder. ``with_raw`` adds the raw bytes as text."""
    if isinstance(origin, DeletedRecord):
        return _deleted_fields(origin)
    record, collection, raw = origin.record, origin.collection, origin.raw
    stored = str(root / collection.raw_path) if collection.raw_path else None
    fields: dict[str, Any] = {
        "record_id": record.record_id,
        "collection_id": record.collection_id,
        "position": record.position,
        "url": record.url,
        "collected_at": record.collected_at,
        "raw_path": str(raw.path) if raw.path is not None else stored,
        "raw": dict(raw_json(raw.place)),
        "raw_state": raw.state.value,
        "raw_note": raw.note,
        "source": collection.source,
        "also_in": list(dict.fromkeys(one.collection_id for one in origin.also_in)),
        "deleted_at": None,
    }
    if with_raw:
        fields |= {"raw_text": raw.text, "raw_bytes": raw.size, "raw_is_cut": raw.is_cut}
    return fields


def use_fields(uses: RecordUses) -> dict[str, Any]:
    """What was made of a record, and its other versions."""
    return {
        "dataset_version": uses.dataset_version or None,
        "examples": [{"example_id": one.example_id, "split": one.split} for one in uses.examples],
        "examples_total": uses.total,
        "dropped": uses.dropped or None,
        "older": [one.record_id for one in uses.older],
        "newer": [one.record_id for one in uses.newer],
    }


def origin_lines(origin: Origin, *, with_raw: bool = False) -> list[str]:
    """The same for a person; outside text in it is made safe where it is printed."""
    if isinstance(origin, DeletedRecord):
        when = f" on {origin.deleted_at[:16]}" if origin.deleted_at else ""
        label = f" ({origin.label})" if origin.label else ""
        return [f"{origin.words}{label}{when}"]
    record, raw = origin.record, origin.raw
    lines = [f"record {record.record_id}: {record.kind.value} {record.position} of {record.collection_id}"]
    lines[0] += f" ({origin.collection.label})"
    if record.url:
        lines.append(f"  {record.url}")
    if record.collected_at:
        lines.append(f"  collected {record.collected_at}")
    lines.append(f"  {raw_words(raw)}")
    if origin.page is not None:
        lines.append(f"  page {origin.page}")
    if origin.also_in:
        lines.append(f"  also in {', '.join(dict.fromkeys(one.collection_id for one in origin.also_in))}")
    if with_raw and raw.data:
        lines += ["", raw.text]
        if raw.is_cut:
            lines.append(f"... the first {len(raw.data):,} of {raw.size:,} bytes")
    return lines


def use_lines(uses: RecordUses) -> list[str]:
    """What was made of a record, for a person."""
    lines = []
    if uses.total:
        lines.append(f"{uses.total:,} examples of {uses.dataset_version}:")
        lines += [f"  {one.example_id}  {one.split}" for one in uses.examples]
    elif uses.dropped:
        lines.append(f"It makes no example of {uses.dataset_version}: {uses.dropped}")
    elif uses.dataset_version:
        lines.append(f"No example of {uses.dataset_version} was made of it.")
    for word, versions in (("newer", uses.newer), ("older", uses.older)):
        lines += [f"{word}: record {one.record_id}, {one.position} of {one.collection_id}" for one in versions]
    return lines


def raw_words(raw: RawPiece) -> str:
    """Where the raw bytes lie and whether they are what was downloaded."""
    words = f"raw {raw.path}" if raw.path is not None else "raw bytes"
    if raw.place.line is not None:
        words += f", line {raw.place.line:,}"
    if raw.place.start is not None and raw.place.length is not None:
        words += f", {raw.place.length:,} bytes from {raw.place.start:,}"
    return f"{words}. {raw.note}" if raw.note else words


def record_fields(origin: RecordSource, root: Path) -> dict[str, Any]:
    """One record whole: its origin, its fields and its raw bytes."""
    record = origin.record
    return origin_fields(origin, root, with_raw=True) | {
        "kind": record.kind.value,
        "key": record.key,
        "fields": dict(record.fields),
        "page": str(origin.page) if origin.page is not None else None,
    }


def _deleted_fields(origin: DeletedRecord) -> dict[str, Any]:
    return {
        "record_id": origin.record_id,
        "collection_id": origin.collection_id or None,
        "position": None,
        "url": None,
        "collected_at": None,
        "raw_path": None,
        "raw": dict(raw_json(NO_PLACE)),
        "raw_state": "missing",
        "raw_note": origin.words,
        "source": None,
        "also_in": [],
        "deleted_at": origin.deleted_at or None,
    }
