"""The ids of records: counted on, and never given twice, whatever was deleted meanwhile."""

from __future__ import annotations

# an SQL expression; ask it inside the transaction that stores the next record
NEWEST_RECORD_ID = (
    "max(coalesce((SELECT max(record_id) FROM records), 0),"
    " coalesce((SELECT last_id FROM deleted_records ORDER BY first_id DESC LIMIT 1), 0))"
)
