"""Money: the operation journal through which everything goes that costs, the ledger, and the cap."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakValueDictionary

from webtune_tui.domain import clock
from webtune_tui.domain.amounts import usd
from webtune_tui.domain.costs import LedgerEntry, Operation, OperationState
from webtune_tui.domain.errors import (
    CapExceeded,
    NotFound,
    OutcomeUnknown,
    UsageError,
    WebtuneError,
    WorkFailed,
)
from webtune_tui.domain.masking import mask
from webtune_tui.settings import Settings
from webtune_tui.storage.operations import OperationsRepository
from webtune_tui.storage.workspace import Workspace

T = TypeVar("T")

_NEVER_ACCEPTED = (OperationState.INTENT, OperationState.ABANDONED, OperationState.REFUSED)
_MESSAGE_LIMIT = 500  # characters of a service's words that the journal keeps


@dataclass(frozen=True, slots=True)
class Balance:
    """What the workspace has spent and may spend, USD. ``cap`` and ``left`` are ``None`` without a cap."""

    estimated_open: float
    charged: float
    cap: float | None
    left: float | None


class MoneyService:
    """Nothing is paid twice and nothing paid is lost: intent on disk, one send, id on disk, or unknown."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings
        self._repository = OperationsRepository(workspace.database)
        self._under_way: set[str] = set()
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._cap_lock = asyncio.Lock()

    async def require_allowed(self, amount: float, what: str) -> None:
        """Refuses what would exceed the workspace's cap. Raises CapExceeded."""
        balance = await self.balance()
        if balance.cap is None:
            return
        bound = balance.charged + balance.estimated_open
        if bound + amount > balance.cap + 1e-9:  # sums of cents in binary
            raise CapExceeded(
                f"{what} is estimated at {usd(amount)}; {usd(balance.charged)} are spent and "
                f"{usd(balance.estimated_open)} are expected for open work: "
                f"together above the cap of {usd(balance.cap)}",
                hint=f"Ask for less, or raise cap_usd in [money] of {self._workspace.settings_path}",
                fields={
                    "estimated_cost": amount,
                    "charged": balance.charged,
                    "estimated_open": balance.estimated_open,
                    "cap": balance.cap,
                },
            )

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

        The same ``subject_id`` and ``kind`` is never sent a second time: a confirmed operation is answered
        again, an unknown one raises. Errors of ``send`` other than OutcomeUnknown mark it refused and are
        raised on; only a refused one may be sent anew, by a later call.

        Raises:
            OutcomeUnknown: the reply was lost, now or earlier; look it up with :meth:`resolve`.
            CapExceeded: the estimate goes beyond the cap; nothing was sent.
        """
        lock = self._locks.setdefault((subject_id, kind), asyncio.Lock())
        is_second_press = lock.locked()
        async with lock:
            earlier = await self.of_subject(subject_id, kind)
            if earlier is not None and (is_second_press or earlier.state not in _NEVER_ACCEPTED):
                return _answer_again(earlier)
            operation = Operation(
                operation_id=f"op_{secrets.token_hex(8)}",
                kind=kind,
                service=service,
                address=address,
                subject_id=subject_id,
                fingerprint=fingerprint,
                state=OperationState.INTENT,
                created_at=clock.now(),
            )
            self._under_way.add(operation.operation_id)
            try:
                return await self._send_once(operation, estimate, basis, send)
            finally:
                self._under_way.discard(operation.operation_id)

    async def _send_once(
        self, operation: Operation, estimate: float | None, basis: str, send: Callable[[], Awaitable[str]]
    ) -> Operation:
        repository, operation_id = self._repository, operation.operation_id
        async with self._cap_lock:  # two operations must not both take the last of the cap
            await self.require_allowed(estimate or 0.0, f"The {operation.kind} at {operation.service}")
            await _to_the_end(lambda: repository.record_intent(operation, estimate, basis))
            try:
                await _to_the_end(lambda: repository.mark_sent(operation_id))
            except asyncio.CancelledError:
                await self._settle(operation_id, OperationState.ABANDONED, "cancelled before it was sent")
                raise
        try:
            remote_id = await send()
        except WebtuneError as error:
            is_unknown = isinstance(error, OutcomeUnknown)
            state = OperationState.UNKNOWN if is_unknown else OperationState.REFUSED
            await self._settle(operation_id, state, error.message)
            error.fields.setdefault("operation_id", operation_id)
            raise
        except Exception as error:
            what = _short(f"{type(error).__name__}: {error}")
            await self._settle(operation_id, OperationState.UNKNOWN, what)
            raise _unknown(operation, what) from error
        except BaseException:  # cancelled, interrupted: the request may have left
            await self._settle(operation_id, OperationState.UNKNOWN, "interrupted while it was being sent")
            raise
        return await self._confirm(operation, remote_id)

    async def _confirm(self, operation: Operation, remote_id: str) -> Operation:
        if not remote_id:
            reason = "the reply named no id"
            await self._settle(operation.operation_id, OperationState.UNKNOWN, reason)
            raise _unknown(operation, reason)
        try:
            await self._settle(operation.operation_id, OperationState.CONFIRMED, remote_id=remote_id)
        except WebtuneError as error:
            reason = f"it was accepted as {remote_id}, which could not be written down: {error.message}"
            raise _unknown(operation, reason) from error
        return await self._read(operation.operation_id)

    async def of_subject(self, subject_id: str, kind: str) -> Operation | None:
        """The journal entry of a collection or job; one found as ``sent`` at start reads as unknown."""
        found = await asyncio.to_thread(self._repository.of_subject, subject_id, kind)
        return None if found is None else self._as_known_here(found)

    async def resolve(self, operation_id: str, *, remote_id: str | None, message: str = "") -> Operation:
        """Settles an unknown operation: found under ``remote_id``, or surely never accepted (``None``).

        Raises:
            NotFound: there is no such operation.
            UsageError: its fate is known already, or it is being sent right now.
        """
        operation = await self._read(operation_id)
        if operation.state is not OperationState.UNKNOWN:
            raise UsageError(
                f"The operation {operation_id} is {operation.state}, not unknown",
                hint="Only an unknown operation can be settled by looking it up.",
            )
        state = OperationState.REFUSED if remote_id is None else OperationState.CONFIRMED
        await self._settle(operation_id, state, message, remote_id=remote_id)
        return await self._read(operation_id)

    async def unknown(self) -> Sequence[Operation]:
        """The operations whose fate is not known."""
        unsettled = [self._as_known_here(found) for found in await asyncio.to_thread(self._repository.unsettled)]
        return [operation for operation in unsettled if operation.state is OperationState.UNKNOWN]

    async def charge(self, subject_id: str, amount: float, basis: str, operation_id: str | None = None) -> None:
        """Records what a subject really cost, once."""
        await _to_the_end(lambda: self._repository.record_charge(subject_id, amount, basis, operation_id))

    async def ledger(self) -> Sequence[LedgerEntry]:
        """Every estimate and charge, oldest first."""
        return await asyncio.to_thread(self._repository.ledger)

    async def balance(self) -> Balance:
        """What was spent and what is left under the cap."""
        estimated_open, charged = await asyncio.to_thread(self._repository.sums)
        cap = self._settings.cap_usd
        left = None if cap is None else max(0.0, cap - charged - estimated_open)
        return Balance(estimated_open, charged, cap, left)

    async def _settle(
        self, operation_id: str, state: OperationState, message: str = "", *, remote_id: str | None = None
    ) -> None:
        text = _short(message)
        await _to_the_end(lambda: self._repository.settle(operation_id, state, remote_id=remote_id, message=text))

    async def _read(self, operation_id: str) -> Operation:
        found = await asyncio.to_thread(self._repository.get, operation_id)
        if found is None:
            raise NotFound(f"There is no operation {operation_id!r}", hint="See: webtune ledger")
        return self._as_known_here(found)

    def _as_known_here(self, operation: Operation) -> Operation:
        """A row that says ``sent`` while nobody is sending it was left behind by a process that died."""
        if operation.state is not OperationState.SENT or self._is_being_sent(operation.operation_id):
            return operation
        return dataclasses.replace(
            operation, state=OperationState.UNKNOWN, message="webtune ended before the reply came"
        )

    def _is_being_sent(self, operation_id: str) -> bool:
        if not self._workspace.read_only:
            return operation_id in self._under_way  # only this process can send: it holds the workspace
        holder = self._workspace.holder
        return holder is not None and holder.is_alive()


def _answer_again(operation: Operation) -> Operation:
    """An operation that was sent before: its confirmation, or the error that says how it ended."""
    if operation.state is OperationState.CONFIRMED:
        return operation
    if operation.state in (OperationState.UNKNOWN, OperationState.SENT):
        raise _unknown(operation, operation.message)
    raise WorkFailed(
        f"The {operation.kind} was not accepted by {operation.service}: {operation.message}",
        hint="Mend the cause, then start it again.",
        fields={"operation_id": operation.operation_id},
    )


def _unknown(operation: Operation, reason: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"The {operation.kind} was sent to {operation.service} and its outcome is not known"
        + (f" ({reason})" if reason else ""),
        hint="It may have been accepted and paid. It is looked up, never sent again by itself.",
        fields={"operation_id": operation.operation_id},
    )


def _short(text: str) -> str:
    return mask(text)[:_MESSAGE_LIMIT]


async def _to_the_end(write: Callable[[], T]) -> T:
    """Runs a write in a thread and waits for its end, also when the caller is cancelled meanwhile."""
    task = asyncio.ensure_future(asyncio.to_thread(write))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
