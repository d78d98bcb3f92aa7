"""What a collection means beside the last one that asked for the same. Every call blocks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webtune_tui.domain.records import Collection, CollectionState
from webtune_tui.storage.database import Database

# A record of the earlier collection is back when this one saw it, or delivered what its key stands for now. One that
# the earlier collection itself replaced, or saw twice, counts once.
_GONE = """
    WITH earlier (record_id) AS (
        SELECT record_id FROM records WHERE collection_id = :earlier AND kind = 'data'
        UNION ALL
        SELECT s.record_id FROM sightings AS s JOIN records AS r ON r.record_id = s.record_id
        WHERE s.collection_id = :earlier AND r.kind = 'data' AND NOT EXISTS (
            SELECT 1 FROM sightings AS o
            WHERE o.record_id = s.record_id AND o.collection_id = s.collection_id AND o.position < s.position)
    )
    SELECT {what} FROM earlier AS e JOIN records AS r ON r.record_id = e.record_id
    WHERE NOT EXISTS (SELECT 1 FROM sightings WHERE record_id = r.record_id AND collection_id = :this)
    AND NOT EXISTS (
        SELECT 1 FROM records AS n WHERE n.key = r.key AND n.superseded_by IS NULL AND (
            n.collection_id = :this
            OR EXISTS (SELECT 1 FROM sightings WHERE record_id = n.record_id AND collection_id = :this)))
    AND NOT EXISTS (
        SELECT 1 FROM records AS n WHERE n.record_id = r.superseded_by AND (
            n.collection_id = :earlier
            OR EXISTS (SELECT 1 FROM sightings WHERE record_id = n.record_id AND collection_id = :earlier)))
"""


@dataclass(frozen=True, slots=True)
class Gone:
    """Records of an earlier collection that a later one did not bring: how many, and some by URL or key."""

    count: int
    sample: tuple[str, ...]


class HistoryRepository:
    """Collections that asked for the same, compared in SQL: memory is bounded whatever their size."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def previous(self, collection: Collection) -> str | None:
        """The newest earlier collection with the same request that was ready."""
        if not collection.request_key:
            return None
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT collection_id FROM collections WHERE request_key = ? AND state = ? AND created_at <= ?"
                " AND collection_id <> ? ORDER BY created_at DESC, finished_at DESC LIMIT 1",
                (collection.request_key, CollectionState.READY, collection.created_at, collection.collection_id),
            ).fetchone()
        return row["collection_id"] if row else None

    def gone(self, collection_id: str, previous_id: str, *, sample: int) -> Gone:
        """What the earlier collection had and this one, whose rows have just been stored, did not bring."""
        asked = {"this": collection_id, "earlier": previous_id, "sample": sample}
        with self._database.read() as connection:
            count = connection.execute(_GONE.format(what="count(*) AS n"), asked).fetchone()["n"]
            rows = connection.execute(_GONE.format(what="coalesce(r.url, r.key) AS word") + "LIMIT :sample", asked)
            words = tuple(str(row["word"]) for row in rows) if count else ()
        return Gone(count, words)

    def keep_profile(self, collection_id: str, profile: Mapping[str, Any]) -> None:
        """Stores what the fields of a collection look like, in place of an earlier profile."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO profiles (collection_id, profile) VALUES (?, ?)"
                " ON CONFLICT (collection_id) DO UPDATE SET profile = excluded.profile",
                (collection_id, json.dumps(profile, ensure_ascii=False)),
            )

    def profile(self, collection_id: str) -> dict[str, Any] | None:
        """What was kept of a collection."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT profile FROM profiles WHERE collection_id = ?", (collection_id,)
            ).fetchone()
        return json.loads(row["profile"]) if row else None
