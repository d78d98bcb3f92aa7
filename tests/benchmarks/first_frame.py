"""Measures the time from exec to the first bytes of a frame, in a real pseudo-terminal.

``python -m tests.benchmarks.first_frame`` prints the medians of the app and of a bare Textual app, taken in turn on
the same machine, and their ratio. Seconds do not travel between machines, the ratio does.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import shutil
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Sequence
from pathlib import Path

FLOOR = """
from textual.app import App
from textual.widgets import DataTable, Footer, Header, Static
class Bare(App):
    def compose(self):
        yield Header()
        yield Static("READY-MARK")
        yield DataTable()
        yield Footer()
Bare().run()
"""


def first_frame_seconds(command: Sequence[str], needle: bytes, environment: dict[str, str]) -> float:
    """Seconds until ``needle`` is on the screen; the program is ended afterwards."""
    started = time.perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        os.execvpe(command[0], list(command), {**environment, "COLUMNS": "120", "LINES": "40"})
    try:
        seen = b""
        while needle not in seen:
            if time.perf_counter() - started > 60:
                raise TimeoutError(f"{needle!r} did not appear; last bytes: {seen[-300:]!r}")
            if select.select([terminal], [], [], 1)[0]:
                seen = (seen + os.read(terminal, 65536))[-200_000:]
        return time.perf_counter() - started
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with contextlib.suppress(OSError):
            os.close(terminal)


def measure(rounds: int = 7) -> tuple[float, float]:
    """The medians (floor, app) in seconds over rounds taken in turn, after one round to warm the disk cache."""
    home = Path(tempfile.mkdtemp())
    environment = {
        **os.environ,
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "TEXTUAL_ANIMATIONS": "none",
    }
    floor_command = [sys.executable, "-c", FLOOR]
    app_command = [sys.executable, "-m", "webtune_tui", "-w", str(home / "workspace")]
    floor, app = [], []
    try:
        for round_number in range(rounds + 1):
            a = first_frame_seconds(floor_command, b"READY-MARK", environment)
            b = first_frame_seconds(app_command, b"Credentials", environment)
            if round_number:
                floor.append(a)
                app.append(b)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return statistics.median(floor), statistics.median(app)


if __name__ == "__main__":
    floor_seconds, app_seconds = measure()
    print(
        f"floor {floor_seconds * 1000:.0f} ms, app {app_seconds * 1000:.0f} ms, ratio {app_seconds / floor_seconds:.2f}"
    )
