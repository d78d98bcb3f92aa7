"""Kill -9 at every line of a paid call: never two orders, and the next start knows what is to be done."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from webtune_tui.domain.costs import OperationState
from webtune_tui.domain.errors import OutcomeUnknown
from webtune_tui.services.money import MoneyService
from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="fork and SIGKILL are POSIX")


async def test_a_process_killed_at_any_line_never_orders_twice_and_never_forgets_an_order(tmp_path: Path) -> None:
    program = Path(__file__).with_name("killed_program.py")
    subprocess.run([sys.executable, "-W", "ignore", str(program), str(tmp_path)], check=True, timeout=100)
    total = int((tmp_path / "total").read_text())
    left = Counter([await after_the_kill(tmp_path / str(line)) for line in range(1, total + 1)])
    assert total > 60
    assert left["send"] > 5  # killed before anything left: the person may simply start it
    assert left["look up"] > 2  # killed between sending and storing the id
    assert left["go on"] > 2  # killed after the id was stored


async def after_the_kill(folder: Path) -> str:
    """Opens the killed process's workspace again, checks it, and answers the next step that it offers."""
    with Workspace.open(folder / "workspace", command="next start") as workspace:
        money = MoneyService(workspace, Settings(cap_usd=10.0))
        found = await money.of_subject("c1", "trigger")
        before = orders(folder)

        async def send() -> str:
            with (folder / "sent").open("a") as stream:
                stream.write("one order\n")
            return "s_2"

        async def start_again() -> str | None:
            operation = await money.perform(
                kind="trigger",
                service="brightdata",
                address="https://api.brightdata.com",
                subject_id="c1",
                fingerprint="f",
                estimate=0.75,
                basis="estimate",
                send=send,
            )
            return operation.remote_id

        if found is None or found.state is OperationState.INTENT:
            assert before == 0
            assert await start_again() == "s_2"
            step = "send"
        elif found.state is OperationState.UNKNOWN:
            assert before <= 1
            with pytest.raises(OutcomeUnknown):
                await start_again()
            assert [operation.operation_id for operation in await money.unknown()] == [found.operation_id]
            step = "look up"
        else:
            assert (found.state, found.remote_id, before) == (OperationState.CONFIRMED, "s_1", 1)
            assert await start_again() == "s_1"
            step = "go on"
        assert orders(folder) <= 1
        assert (await money.balance()).estimated_open == 0.75
        return step


def orders(folder: Path) -> int:
    sent = folder / "sent"
    return len(sent.read_text().splitlines()) if sent.exists() else 0
