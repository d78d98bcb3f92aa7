"""The ids of records: counted on, and never given twice, whatever was deleted meanwhile."""

from __future__ import annotations

import sqlite3


def next_record_id(connection: sqlite3.Connection) -> int:
    """The id of the next record that is stored; ask it inside the transaction that stores."""
    row = connection.execute(
        "SELECT max(coalesce((SELECT max(record_id) FROM records), 0),"
        " coalesce((SELECT last_id FROM deleted_records ORDER BY first_id DESC LIMIT 1), 0)) AS newest"
    ).fetchone()
    return int(row["newest"]) + 1
