"""Collections put into a workspace with the real repository, each with its raw file, as a source brings them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from webtune_tui.domain.records import Collection, CollectionState, RawPlace, Record, RecordKind
from webtune_tui.json_text import content_hash
from webtune_tui.services import raw_data
from webtune_tui.storage.collections import CollectionRepository
from webtune_tui.storage.files import make_folder
from webtune_tui.storage.records import RecordRepository
from webtune_tui.storage.workspace import Workspace


def bring(
    workspace: Workspace,
    collection_id: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    created_at: str = "2026-11-22T13:00:00.000Z",
    state: CollectionState = CollectionState.READY,
    has_places: bool = True,
) -> None:
    """Stores rows under the key in their field ``k``; those that are here already become sightings."""
    folder = make_folder(workspace.raw_folder(collection_id))
    places, start = [], 0
    with (folder / raw_data.RECORDS).open("wb") as stream:
        for number, row in enumerate(rows, start=1):
            line = json.dumps(row, ensure_ascii=False).encode()
            stream.write(line + b"\n")
            places.append(RawPlace(raw_data.RECORDS, number, start, len(line)))
            start += len(line) + 1
    raw_data.write_manifest(folder, {}, [_file(folder)] if rows else [])
    collections = CollectionRepository(workspace.database)
    collections.add(
        Collection(
            collection_id,
            "files",
            f"rows of {collection_id}",
            CollectionState.RUNNING,
            created_at,
            created_at,
            raw_path=workspace.relative(folder / raw_data.RECORDS),
        )
    )
    collections.log(collection_id, f"Importing {len(rows)} rows")
    batch = [
        Record(
            collection_id,
            position,
            RecordKind(row.get("kind", "data")),
            str(row["k"]),
            content_hash(row),
            row,
            url=row.get("url"),
            collected_at=created_at,
            place=places[position] if has_places else RawPlace(),
        )
        for position, row in enumerate(rows)
    ]
    RecordRepository(workspace.database).store(collection_id, batch, next_position=len(rows))
    _see(workspace, batch)
    collections.change(collection_id, state=state)


def _file(folder: Any) -> dict[str, Any]:
    raw = raw_data.measured(folder / raw_data.RECORDS)
    return {"path": raw.path, "bytes": raw.bytes, "sha256": raw.sha256}


def _see(workspace: Workspace, batch: Sequence[Record]) -> None:
    """Writes the sightings of what was here already, where storing has not done so."""
    with workspace.database.write() as connection:
        for record in batch:
            here = (record.collection_id, record.position)
            known = connection.execute(
                "SELECT 1 FROM records WHERE collection_id = ?1 AND position = ?2 UNION ALL"
                " SELECT 1 FROM sightings WHERE collection_id = ?1 AND position = ?2",
                here,
            ).fetchone()
            if known is not None:
                continue
            (record_id,) = connection.execute(
                "SELECT record_id FROM records WHERE key = ? AND record_id < coalesce("
                "(SELECT min(record_id) FROM records WHERE collection_id = ? AND position > ?), 1 << 60)"
                " ORDER BY record_id DESC LIMIT 1",
                (record.key, *here),
            ).fetchone()
            place = record.place
            connection.execute(
                "INSERT INTO sightings VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*here, record_id, place.file, place.line, place.start, place.length),
            )
