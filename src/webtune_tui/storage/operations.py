"""The operation journal and the ledger. Each method is one transaction, durable when it returns."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from webtune_tui.domain import clock
from webtune_tui.domain.costs import LedgerEntry, Operation, OperationState
from webtune_tui.storage.database import Database

_OPERATION = (
    "operation_id, kind, service, address, subject_id, fingerprint, state, created_at, sent_at, resolved_at, "
    "remote_id, message"
)
_LEDGER = "entry_id, operation_id, subject_id, kind, amount, basis, created_at"

# an estimate binds money from the moment of sending until its subject is charged or the service refuses
_SUMS = """
SELECT coalesce(sum(CASE WHEN entry.kind = 'charge' THEN entry.amount END), 0) AS charged,
       coalesce(sum(CASE WHEN entry.kind = 'estimate'
                          AND operations.state IN ('sent', 'confirmed', 'unknown')
                          AND NOT EXISTS (
                              SELECT 1 FROM ledger AS charge
                              WHERE charge.subject_id = entry.subject_id AND charge.kind = 'charge')
                    THEN entry.amount END), 0) AS open
FROM ledger AS entry LEFT JOIN operations USING (operation_id)
"""


class OperationsRepository:
    """Paid operations and the money expected and spent.

    At most one operation of a subject and kind is not refused. A subject has one estimate, that of its newest
    operation, and one charge.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def record_intent(self, operation: Operation, estimate: float | None, basis: str) -> None:
        """Writes an operation before it is sent, with its estimate.

        It takes the place of an earlier one for the same subject and kind that never left; one that was refused
        stays in the journal.
        """
        with self._database.write() as connection:
            stale = connection.execute(
                "SELECT operation_id FROM operations WHERE subject_id = ? AND kind = ? AND sent_at IS NULL",
                (operation.subject_id, operation.kind),
            ).fetchall()
            for row in stale:
                connection.execute("DELETE FROM ledger WHERE operation_id = ?", tuple(row))
                connection.execute("DELETE FROM operations WHERE operation_id = ?", tuple(row))
            connection.execute(
                f"INSERT INTO operations ({_OPERATION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    operation.operation_id,
                    operation.kind,
                    operation.service,
                    operation.address,
                    operation.subject_id,
                    operation.fingerprint,
                    operation.state,
                    operation.created_at,
                    operation.sent_at,
                    operation.resolved_at,
                    operation.remote_id,
                    operation.message,
                ),
            )
            if estimate is not None:
                _insert_entry(connection, operation.operation_id, operation.subject_id, "estimate", estimate, basis)

    def mark_sent(self, operation_id: str) -> None:
        """Notes that the request leaves now."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE operations SET state = ?, sent_at = ? WHERE operation_id = ?",
                (OperationState.SENT, clock.now(), operation_id),
            )

    def settle(
        self, operation_id: str, state: OperationState, *, remote_id: str | None = None, message: str = ""
    ) -> None:
        """Notes how a sent operation ended, or that nobody knows."""
        resolved_at = None if state is OperationState.UNKNOWN else clock.now()
        with self._database.write() as connection:
            connection.execute(
                "UPDATE operations SET state = ?, resolved_at = ?, remote_id = coalesce(?, remote_id), "
                "message = ? WHERE operation_id = ?",
                (state, resolved_at, remote_id, message, operation_id),
            )

    def of_subject(self, subject_id: str, kind: str) -> Operation | None:
        """The operation of a subject; one that may have been accepted goes before those that were not."""
        with self._database.read() as connection:
            row = connection.execute(
                f"SELECT {_OPERATION} FROM operations WHERE subject_id = ? AND kind = ? "
                "ORDER BY state IN ('intent', 'abandoned', 'refused'), created_at DESC LIMIT 1",
                (subject_id, kind),
            ).fetchone()
        return _operation(row) if row else None

    def get(self, operation_id: str) -> Operation | None:
        """One operation."""
        with self._database.read() as connection:
            row = connection.execute(
                f"SELECT {_OPERATION} FROM operations WHERE operation_id = ?", (operation_id,)
            ).fetchone()
        return _operation(row) if row else None

    def unsettled(self) -> Sequence[Operation]:
        """Operations that were sent and have no known end, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT {_OPERATION} FROM operations WHERE state IN (?, ?) ORDER BY created_at, operation_id",
                (OperationState.SENT, OperationState.UNKNOWN),
            ).fetchall()
        return [_operation(row) for row in rows]

    def record_charge(self, subject_id: str, amount: float, basis: str, operation_id: str | None) -> None:
        """Writes what a subject cost; a second charge for it changes nothing."""
        with self._database.write() as connection:
            _insert_entry(connection, operation_id, subject_id, "charge", amount, basis)

    def ledger(self) -> Sequence[LedgerEntry]:
        """Every entry, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(f"SELECT {_LEDGER} FROM ledger ORDER BY entry_id").fetchall()
        return [LedgerEntry(**dict(row)) for row in rows]

    def sums(self) -> tuple[float, float]:
        """What open operations are expected to cost, and what was charged, USD."""
        with self._database.read() as connection:
            row = connection.execute(_SUMS).fetchone()
        return float(row["open"]), float(row["charged"])


def _insert_entry(
    connection: sqlite3.Connection,
    operation_id: str | None,
    subject_id: str,
    kind: str,
    amount: float,
    basis: str,
) -> None:
    connection.execute(
        "INSERT INTO ledger (operation_id, subject_id, kind, amount, basis, created_at) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (subject_id, kind) DO UPDATE SET operation_id = "
        "excluded.operation_id, amount = excluded.amount, basis = excluded.basis, created_at = "
        "excluded.created_at WHERE kind = 'estimate'",
        (operation_id, subject_id, kind, amount, basis, clock.now()),
    )


def _operation(row: sqlite3.Row) -> Operation:
    return Operation(**dict(row) | {"state": OperationState(row["state"])})
