"""Money: the operation journal through which everything goes that costs, the ledger, and the cap."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from webtune_tui.domain.costs import LedgerEntry, Operation
from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Balance:
    """What the workspace has spent and may still spend, USD. ``cap`` and ``left`` are ``None`` without a cap."""

    estimated_open: float
    charged: float
    cap: float | None
    left: float | None


class MoneyService:
    """Nothing is paid twice and nothing paid is lost: intent on disk, one send, id on disk, or unknown."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings

    async def require_allowed(self, amount: float, what: str) -> None:
        """Refuses what would exceed the workspace's cap. Raises CapExceeded."""
        raise NotImplementedError

    async def perform(
        self,
        *,
        kind: str,
        service: str,
        address: str,
        subject_id: str,
        fingerprint: str,
        estimate: float | None,
        basis: str,
        send: Callable[[], Awaitable[str]],
    ) -> Operation:
        """Sends a paid call once: intent, sent, then confirmed with the id that ``send`` answers.

        The same ``subject_id`` and ``kind`` is never sent a second time: a confirmed operation is answered again, an
        unknown one raises. Errors of ``send`` other than OutcomeUnknown mark it refused and are raised on.

        Raises:
            OutcomeUnknown: the reply was lost, now or earlier; look it up with :meth:`resolve`.
            CapExceeded: the estimate goes beyond the cap; nothing was sent.
        """
        raise NotImplementedError

    async def of_subject(self, subject_id: str, kind: str) -> Operation | None:
        """The journal entry of a collection or job; one found as ``sent`` at start reads as unknown."""
        raise NotImplementedError

    async def resolve(self, operation_id: str, *, remote_id: str | None, message: str = "") -> Operation:
        """Settles an unknown operation: found under ``remote_id``, or surely never accepted (``None``)."""
        raise NotImplementedError

    async def unknown(self) -> Sequence[Operation]:
        """The operations whose fate is not known."""
        raise NotImplementedError

    async def charge(
        self, subject_id: str, amount: float, basis: str, operation_id: str | None = None
    ) -> None:
        """Records what a subject really cost, once."""
        raise NotImplementedError

    async def ledger(self) -> Sequence[LedgerEntry]:
        """Every estimate and charge, oldest first."""
        raise NotImplementedError

    async def balance(self) -> Balance:
        """What was spent and what is left under the cap."""
        raise NotImplementedError
