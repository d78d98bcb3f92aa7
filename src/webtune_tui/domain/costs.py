"""Money: what work will cost, on which basis, and what it did cost."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class OperationState(StrEnum):
    """The life of a call that costs money or can't be undone.

    INTENT is on disk before anything is sent, SENT just before the request leaves, CONFIRMED holds the service's
    id, UNKNOWN means the reply was lost, REFUSED that the service said no, ABANDONED that it was never sent.
    """

    INTENT = "intent"
    SENT = "sent"
    CONFIRMED = "confirmed"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Operation:
    """One journal entry. ``subject_id`` is the collection or job it belongs to, ``remote_id`` the service's id."""

    operation_id: str
    kind: str
    service: str
    address: str
    subject_id: str
    fingerprint: str
    state: OperationState
    created_at: str
    sent_at: str | None = None
    resolved_at: str | None = None
    remote_id: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """An estimate, a charge or a receipt in USD. ``basis`` says how the figure came about."""

    entry_id: int
    operation_id: str | None
    subject_id: str
    kind: str
    amount: float
    basis: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a training run will take, before anything is spent. ``None`` means: can't be known.

    ``basis`` says in words where time and money come from; ``prices_dated`` is the day of the price list.
    """

    provider: str
    base_model: str
    tokens: int
    epochs: int
    cost: float | None
    seconds: float | None
    memory_bytes: int | None
    disk_bytes: int | None
    basis: str
    prices_dated: str | None
