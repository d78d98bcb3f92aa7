"""Paid calls: written down before they are sent, sent once, and never forgotten."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from webtune_tui.domain import clock, masking
from webtune_tui.domain.costs import Operation, OperationState
from webtune_tui.domain.errors import (
    CapExceeded,
    CredentialRefused,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    UsageError,
    WebtuneError,
    WorkFailed,
)
from webtune_tui.services.money import MoneyService
from webtune_tui.settings import Settings
from webtune_tui.storage.operations import OperationsRepository
from webtune_tui.storage.workspace import Workspace

Send = Callable[[], Awaitable[str]]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        yield opened


@pytest.fixture
def money(workspace: Workspace) -> MoneyService:
    return MoneyService(workspace, Settings())


class Sender:
    """Counts what really goes out; ``gate`` holds the reply back until it is set."""

    def __init__(self, reply: str | BaseException = "s_1", *, gated: bool = False) -> None:
        self.sent = 0
        self.left = asyncio.Event()
        self.gate = asyncio.Event()
        self._reply = reply
        if not gated:
            self.gate.set()

    async def __call__(self) -> str:
        self.sent += 1
        self.left.set()
        await self.gate.wait()
        if isinstance(self._reply, BaseException):
            raise self._reply
        return self._reply


async def perform(money: MoneyService, send: Send, subject_id: str = "c1", **changed: Any) -> Operation:
    given: dict[str, Any] = {
        "kind": "trigger",
        "service": "brightdata",
        "address": "https://api.brightdata.com",
        "subject_id": subject_id,
        "fingerprint": "f",
        "estimate": 0.75,
        "basis": "500 records at $1.50 per 1,000",
        "send": send,
    }
    return await money.perform(**given | changed)


def state_on_disk(workspace: Workspace) -> list[str]:
    """What another process reads from the file right now."""
    connection = sqlite3.connect(workspace.database.path)
    try:
        return [row[0] for row in connection.execute("SELECT state FROM operations ORDER BY created_at")]
    finally:
        connection.close()


async def test_a_reply_confirms_the_operation_with_its_id(money: MoneyService) -> None:
    operation = await perform(money, Sender("s_42"))
    assert (operation.state, operation.remote_id) == (OperationState.CONFIRMED, "s_42")
    assert operation.sent_at is not None and operation.resolved_at is not None
    assert await money.of_subject("c1", "trigger") == operation


async def test_the_operation_is_on_disk_as_sent_when_the_request_leaves(
    money: MoneyService, workspace: Workspace
) -> None:
    seen: list[list[str]] = []

    async def send() -> str:
        seen.append(state_on_disk(workspace))
        return "s_1"

    await perform(money, send)
    assert seen == [["sent"]]
    assert state_on_disk(workspace) == ["confirmed"]


async def test_a_double_press_is_one_send_and_the_second_press_shows_the_first(money: MoneyService) -> None:
    send = Sender(gated=True)
    presses = [asyncio.create_task(perform(money, send)) for _ in range(5)]
    await send.left.wait()
    send.gate.set()
    first, *others = await asyncio.gather(*presses)
    assert send.sent == 1
    assert all(other == first for other in others)


async def test_a_confirmed_operation_is_answered_again_without_a_send(money: MoneyService) -> None:
    first = await perform(money, Sender("s_1"))
    again = Sender("s_2")
    assert await perform(money, again) == first
    assert again.sent == 0


async def test_a_lost_reply_is_unknown_and_is_never_sent_again(money: MoneyService) -> None:
    with pytest.raises(OutcomeUnknown) as raised:
        await perform(money, Sender(OutcomeUnknown("The reply was lost")))
    assert raised.value.exit_code == 6
    (operation,) = await money.unknown()
    assert raised.value.fields["operation_id"] == operation.operation_id
    again = Sender()
    with pytest.raises(OutcomeUnknown, match="not known"):
        await perform(money, again)
    assert again.sent == 0


async def test_a_fault_of_our_own_after_the_send_leaves_it_unknown(money: MoneyService) -> None:
    with pytest.raises(OutcomeUnknown, match="KeyError") as raised:
        await perform(money, Sender(KeyError("snapshot_id")))
    assert isinstance(raised.value.__cause__, KeyError)
    assert [operation.state for operation in await money.unknown()] == [OperationState.UNKNOWN]


async def test_a_reply_without_an_id_is_unknown(money: MoneyService) -> None:
    with pytest.raises(OutcomeUnknown, match="no id"):
        await perform(money, Sender(""))
    assert len(await money.unknown()) == 1


async def test_an_interrupted_send_is_unknown(money: MoneyService) -> None:
    send = Sender(gated=True)
    task = asyncio.create_task(perform(money, send))
    await send.left.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [operation.message for operation in await money.unknown()] == ["interrupted while it was being sent"]


async def test_cancelling_at_any_moment_loses_nothing_and_sends_once(tmp_path: Path) -> None:
    ended: set[OperationState | None] = set()
    for steps in range(40):
        with Workspace.open(tmp_path / str(steps), command="test") as workspace:
            money, send = MoneyService(workspace, Settings()), Sender()
            task = asyncio.create_task(perform(money, send))
            for _ in range(steps):
                await asyncio.wait({task}, timeout=0.0005)
            task.cancel()
            await asyncio.wait({task})
            operation = await money.of_subject("c1", "trigger")
            state = operation.state if operation else None
            ended.add(state)
            if send.sent:
                assert state in (OperationState.CONFIRMED, OperationState.UNKNOWN)
            else:
                assert state in (None, OperationState.INTENT, OperationState.ABANDONED)
            again = Sender("s_2")
            if state is OperationState.UNKNOWN:
                with pytest.raises(OutcomeUnknown):
                    await perform(money, again)
            else:
                await perform(money, again)
            assert send.sent + again.sent == 1
    assert len(ended) > 1


async def test_a_reply_is_written_down_to_the_end_before_a_cancelled_caller_goes_on(
    money: MoneyService, workspace: Workspace
) -> None:
    written, released = threading.Event(), threading.Event()

    def occupy_the_database() -> None:
        with workspace.database.write():
            written.set()
            released.wait(30)

    async def send() -> str:
        thread.start()
        await asyncio.to_thread(written.wait, 30)
        return "s_1"

    thread = threading.Thread(target=occupy_the_database)
    task = asyncio.create_task(perform(money, send))
    await asyncio.to_thread(written.wait, 30)
    await asyncio.wait({task}, timeout=0.05)  # long enough to reach the write; if not, send() is what is cancelled
    task.cancel()
    still_writing, _ = await asyncio.wait({task}, timeout=0.05)
    assert not still_writing
    released.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert state_on_disk(workspace) in (["confirmed"], ["unknown"])
    thread.join()


async def test_a_clock_that_is_set_back_does_not_bring_a_refused_call_back(
    money: MoneyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: "2026-11-22T12:00:05.000Z")
    with pytest.raises(CredentialRefused):
        await perform(money, Sender(CredentialRefused("no")))
    monkeypatch.setattr(clock, "now", lambda: "2026-11-22T12:00:03.000Z")
    operation = await perform(money, Sender("s_1"))
    again = Sender("s_2")
    assert await perform(money, again) == operation
    assert again.sent == 0


@pytest.mark.parametrize(
    "error",
    [CredentialRefused("The key was refused"), RateLimited("Come back later", retry_after=30)],
    ids=["refused key", "rate limit"],
)
async def test_a_refusal_is_kept_and_raised_on(money: MoneyService, error: WebtuneError) -> None:
    with pytest.raises(type(error)) as raised:
        await perform(money, Sender(error))
    operation = await money.of_subject("c1", "trigger")
    assert raised.value is error
    assert operation is not None
    assert (operation.state, operation.message) == (OperationState.REFUSED, error.message)
    assert await money.unknown() == []


async def test_a_refused_call_can_be_started_anew_by_the_person(money: MoneyService) -> None:
    with pytest.raises(CredentialRefused):
        await perform(money, Sender(CredentialRefused("The key was refused")))
    operation = await perform(money, Sender("s_2"))
    assert await money.of_subject("c1", "trigger") == operation
    assert [entry.operation_id for entry in await money.ledger()] == [operation.operation_id]


async def test_the_second_press_of_a_refused_call_sends_nothing(money: MoneyService) -> None:
    send = Sender(CredentialRefused("The key was refused"), gated=True)
    first = asyncio.create_task(perform(money, send))
    await send.left.wait()
    second = asyncio.create_task(perform(money, send))
    await asyncio.wait({second}, timeout=0.01)
    send.gate.set()
    with pytest.raises(CredentialRefused):
        await first
    with pytest.raises(WorkFailed, match="The key was refused"):
        await second
    assert send.sent == 1


async def test_an_id_that_cannot_be_written_is_told_to_the_person(money: MoneyService, workspace: Workspace) -> None:
    remote_id = "s_" + "x" * 100_000

    async def send() -> str:
        with workspace.database.read() as connection:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
        with workspace.database.write() as connection:
            connection.execute(f"PRAGMA max_page_count = {pages}")
        return remote_id

    with pytest.raises(OutcomeUnknown, match="s_xxx"):
        await perform(money, send)
    assert len(await money.unknown()) == 1


async def test_a_sent_row_of_a_dead_process_reads_as_unknown(money: MoneyService, workspace: Workspace) -> None:
    left_behind(workspace)
    found = await money.of_subject("c1", "trigger")
    assert found is not None and found.state is OperationState.UNKNOWN
    assert [operation.operation_id for operation in await money.unknown()] == ["op_dead"]
    again = Sender()
    with pytest.raises(OutcomeUnknown):
        await perform(money, again)
    assert again.sent == 0


async def test_an_intent_of_a_dead_process_is_sent_since_it_never_left(
    money: MoneyService, workspace: Workspace
) -> None:
    left_behind(workspace, sent=False)
    operation = await perform(money, Sender("s_1"))
    assert operation.state is OperationState.CONFIRMED
    assert state_on_disk(workspace) == ["confirmed"]


async def test_a_reader_beside_a_living_writer_sees_the_operation_under_way(
    money: MoneyService, workspace: Workspace
) -> None:
    send = Sender(gated=True)
    task = asyncio.create_task(perform(money, send))
    await send.left.wait()
    with Workspace.open(workspace.root, command="reader", write=False) as reading:
        reader = MoneyService(reading, Settings())
        found = await reader.of_subject("c1", "trigger")
        assert found is not None and found.state is OperationState.SENT
        assert await reader.unknown() == []
    send.gate.set()
    await task


async def test_a_reader_after_a_killed_writer_sees_it_as_unknown(workspace: Workspace) -> None:
    left_behind(workspace)
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    holder_file = workspace.root / "workspace.holder.json"
    holder = json.loads(holder_file.read_text()) | {"pid": int(ended.stdout)}
    holder_file.write_text(json.dumps(holder))
    with Workspace.open(workspace.root, command="reader", write=False) as reading:
        assert len(await MoneyService(reading, Settings()).unknown()) == 1


async def test_an_unknown_operation_is_settled_by_the_id_it_was_found_under(money: MoneyService) -> None:
    operation_id = await lose_a_reply(money)
    settled = await money.resolve(operation_id, remote_id="s_7")
    assert (settled.state, settled.remote_id) == (OperationState.CONFIRMED, "s_7")
    assert await perform(money, Sender()) == settled


async def test_an_operation_that_was_surely_never_accepted_can_be_started_anew(money: MoneyService) -> None:
    operation_id = await lose_a_reply(money)
    settled = await money.resolve(operation_id, remote_id=None, message="not in the list of snapshots")
    assert (settled.state, settled.message) == (OperationState.REFUSED, "not in the list of snapshots")
    assert (await money.balance()).estimated_open == 0
    assert (await perform(money, Sender("s_2"))).remote_id == "s_2"


async def test_only_an_unknown_operation_can_be_settled(money: MoneyService) -> None:
    operation = await perform(money, Sender())
    with pytest.raises(UsageError, match="confirmed"):
        await money.resolve(operation.operation_id, remote_id="s_8")
    with pytest.raises(NotFound):
        await money.resolve("op_nowhere", remote_id="s_8")


async def test_what_would_exceed_the_cap_is_refused_with_the_figures_and_leaves_no_trace(
    workspace: Workspace,
) -> None:
    money = MoneyService(workspace, Settings(cap_usd=1.0))
    await perform(money, Sender())
    refused = Sender()
    with pytest.raises(CapExceeded) as raised:
        await perform(money, refused, "c2")
    assert (raised.value.exit_code, refused.sent) == (7, 0)
    assert "$0.75" in raised.value.message and "$1.00" in raised.value.message
    assert "cap_usd" in raised.value.hint and str(workspace.settings_path) in raised.value.hint
    assert await money.of_subject("c2", "trigger") is None
    assert len(await money.ledger()) == 1


async def test_two_operations_at_once_cannot_both_take_the_last_of_the_cap(workspace: Workspace) -> None:
    money, send = MoneyService(workspace, Settings(cap_usd=1.0)), Sender(gated=True)
    tasks = [asyncio.create_task(perform(money, send, subject)) for subject in ("c1", "c2", "c3")]
    await send.left.wait()
    send.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(result, Operation) for result in results) == 1
    assert sum(isinstance(result, CapExceeded) for result in results) == 2
    assert send.sent == 1


async def test_exactly_the_cap_is_allowed(workspace: Workspace) -> None:
    money = MoneyService(workspace, Settings(cap_usd=0.3))
    for subject in ("c1", "c2", "c3"):
        await perform(money, Sender(), subject, estimate=0.1)
    with pytest.raises(CapExceeded):
        await money.require_allowed(0.01, "One more")


async def test_a_charge_takes_the_place_of_its_estimate(workspace: Workspace) -> None:
    money = MoneyService(workspace, Settings(cap_usd=1.0))
    operation = await perform(money, Sender())
    await money.charge("c1", 0.12, "80 records delivered", operation.operation_id)
    balance = await money.balance()
    assert (balance.estimated_open, balance.charged, balance.left) == (0, 0.12, pytest.approx(0.88))
    assert [(entry.kind, entry.amount) for entry in await money.ledger()] == [("estimate", 0.75), ("charge", 0.12)]


async def test_a_subject_is_charged_once(money: MoneyService) -> None:
    await money.charge("c1", 0.12, "80 records delivered")
    await money.charge("c1", 0.12, "80 records delivered")
    assert (await money.balance()).charged == 0.12


async def test_without_a_cap_nothing_is_refused_and_nothing_is_left_to_tell(money: MoneyService) -> None:
    await money.require_allowed(1e6, "A large run")
    balance = await money.balance()
    assert (balance.cap, balance.left) == (None, None)


async def test_a_refused_call_frees_its_estimate_and_an_unknown_one_keeps_it(money: MoneyService) -> None:
    with pytest.raises(CredentialRefused):
        await perform(money, Sender(CredentialRefused("no")), "c1")
    assert (await money.balance()).estimated_open == 0
    await lose_a_reply(money, "c2")
    assert (await money.balance()).estimated_open == 0.75


async def test_the_journal_holds_no_key_even_when_an_error_text_does(money: MoneyService, workspace: Workspace) -> None:
    canary = "brd-canary-0123456789abcdef"
    masking.remember(canary)
    with pytest.raises(OutcomeUnknown):
        await perform(money, Sender(RuntimeError(f"header Authorization was {canary}")))
    workspace.database.close()
    written = b"".join(file.read_bytes() for file in workspace.root.rglob("*") if file.is_file())
    assert canary.encode() not in written


async def lose_a_reply(money: MoneyService, subject_id: str = "c1") -> str:
    with pytest.raises(OutcomeUnknown) as raised:
        await perform(money, Sender(OutcomeUnknown("The reply was lost")), subject_id)
    return str(raised.value.fields["operation_id"])


def left_behind(workspace: Workspace, *, sent: bool = True) -> None:
    """The journal as a process leaves it that dies while it sends, or just before."""
    repository = OperationsRepository(workspace.database)
    intent = Operation(
        operation_id="op_dead",
        kind="trigger",
        service="brightdata",
        address="https://api.brightdata.com",
        subject_id="c1",
        fingerprint="f",
        state=OperationState.INTENT,
        created_at="2026-11-22T12:00:00.000Z",
    )
    repository.record_intent(intent, 0.75, "estimate")
    if sent:
        repository.mark_sent(intent.operation_id)
