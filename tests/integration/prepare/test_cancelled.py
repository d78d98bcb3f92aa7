"""A run of prepare in two processes that a person stops: no process lives on, terminal and version are whole."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.e2e.test_app_in_terminal import LEAVE_SCREEN, Terminal
from tests.integration.prepare.stalling import MODULE, Family, Prepared, head_of, left_in, prepared_again

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc"),
]


def words_on(terminal: int) -> bytes:
    """What was written to a terminal."""
    seen = b""
    while select.select([terminal], [], [], 0)[0]:
        seen += os.read(terminal, 65_536)
    return seen


@pytest.mark.parametrize("place", ["reading", "comparing", "storing"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
async def test_a_signal_ends_the_command_and_all_that_it_started(
    original: Prepared, tmp_path: Path, number: signal.Signals, code: int, place: str
) -> None:
    root = original.copied(tmp_path)
    family = Family(tmp_path / "pipes", place)
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    process = subprocess.Popen(
        (sys.executable, "-m", MODULE, "prepare", "--workers", "2", "--json", "-w", str(root)),
        env=family.environment | {"TERM": "xterm-256color"},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    family.wait_until_reached()
    assert len(family.workers()) == 2
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    family.wait_until_ended()
    assert process.returncode == code
    assert json.loads(out)["error"]["message"] == f"Stopped by {number.name}"
    told = words_on(ours)
    assert b"Traceback" not in told and b"Stopped by" in told.rpartition(b"\x1b[2K")[2]
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)
    assert left_in(root) == [] and head_of(root) == original.before
    assert await prepared_again(root) == original.unbroken


def app_in_a_run(original: Prepared, folder: Path, family: Family) -> Terminal:
    """The app on its Dataset screen, with a run at its place."""
    original.copied(folder)
    terminal = Terminal(folder, variables=family.environment, module=MODULE)
    terminal.read_until(b"number 209")
    terminal.press(b"3")
    terminal.read_until(b"earned:")  # in the example beside the table
    terminal.press(b"p")
    terminal.read_until(b"TOKENS")
    terminal.press(b"r")
    family.wait_until_reached()
    assert len(family.workers()) == 2
    return terminal


async def test_the_key_that_cancels_ends_the_run_and_leaves_the_app(original: Prepared, tmp_path: Path) -> None:
    family = Family(tmp_path / "pipes", "comparing")
    terminal = app_in_a_run(original, tmp_path, family)
    terminal.press(b"c")
    terminal.read_until(b"the version before stays")
    family.wait_until_ended(only_of_run=True)
    assert head_of(tmp_path / "workspace") == original.before
    terminal.press(b"\x11")
    assert terminal.end() == 0 and LEAVE_SCREEN in terminal.seen
    terminal.close()
    family.wait_until_ended()
    assert left_in(tmp_path / "workspace") == []
    assert await prepared_again(tmp_path / "workspace") == original.unbroken


async def test_a_signal_to_the_app_ends_its_run_and_gives_the_terminal_back(original: Prepared, tmp_path: Path) -> None:
    family = Family(tmp_path / "pipes", "reading")
    terminal = app_in_a_run(original, tmp_path, family)
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.end() == 143 and LEAVE_SCREEN in terminal.seen and b"Traceback" not in terminal.seen
    terminal.close()
    family.wait_until_ended()
    assert left_in(tmp_path / "workspace") == [] and head_of(tmp_path / "workspace") == original.before
    assert await prepared_again(tmp_path / "workspace") == original.unbroken
