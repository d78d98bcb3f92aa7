"""The installed app in a real pseudo-terminal: it starts, takes keys, and gives the terminal back."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.e2e.test_readme import environment

ENTER_SCREEN, LEAVE_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"
_PATIENCE = 60


class Terminal:
    """The app as the child of a terminal of ours."""

    def __init__(
        self,
        home: Path,
        *words: str,
        variables: Mapping[str, str] | None = None,
        module: str = "webtune_tui",
        lines: int = 30,
        columns: int = 100,
    ) -> None:
        command = [sys.executable, "-m", module, "-w", str(home / "workspace"), *words]
        # whatever the process of the tests, or a caller's copy of its variables, has of these
        ours = {"COLUMNS": str(columns), "LINES": str(lines), "TERM": "xterm-256color", "TEXTUAL_ANIMATIONS": "none"}
        self.pid, self._file = pty.fork()
        if self.pid == 0:
            # before the program begins: a signal of another size would be lost while it starts
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            os.execvpe(command[0], command, {**environment(home), **(variables or {}), **ours})
        self.seen = b""

    def read_until(self, needle: bytes) -> None:
        deadline = time.monotonic() + _PATIENCE
        while needle not in self.seen:
            assert time.monotonic() < deadline, f"{needle!r} did not come; last: {self.seen[-400:]!r}"
            self._read(0.5)

    def press(self, keys: bytes) -> None:
        os.write(self._file, keys)

    def end(self) -> int:
        """Reads to the end and answers the exit code."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            self._read(0.1)
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                while self._read(0.1):
                    pass
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(f"the app did not end; last: {self.seen[-1500:]!r}")

    def close(self) -> None:
        os.close(self._file)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._file], [], [], seconds)[0]:
            return False
        try:
            piece = os.read(self._file, 65536)
        except OSError:  # the other end is gone
            return False
        self.seen += piece
        return bool(piece)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(tmp_path)
    yield opened
    opened.close()


def test_quitting_gives_the_terminal_back(terminal: Terminal) -> None:
    terminal.read_until(b"No records yet")
    assert ENTER_SCREEN in terminal.seen
    terminal.press(b"\x11")
    assert terminal.end() == 0
    assert LEAVE_SCREEN in terminal.seen


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_app_as_quitting_does(terminal: Terminal, number: signal.Signals, code: int) -> None:
    terminal.read_until(b"No records yet")
    os.kill(terminal.pid, number)
    assert terminal.end() == code
    assert LEAVE_SCREEN in terminal.seen
    assert b"Traceback" not in terminal.seen


def test_a_workspace_survives_an_app_that_was_killed(terminal: Terminal, tmp_path: Path) -> None:
    terminal.read_until(b"No records yet")
    os.kill(terminal.pid, signal.SIGKILL)
    assert terminal.end() == -signal.SIGKILL
    again = Terminal(tmp_path)
    again.read_until(b"No records yet")
    assert b"read-only" not in again.seen
    again.press(b"\x11")
    assert again.end() == 0
    again.close()
