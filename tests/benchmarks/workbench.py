"""Measures the workbench on a workspace of many examples: the real app in a real pseudo-terminal, from key to frame.

``python -m tests.benchmarks.workbench [EXAMPLES]`` (default a million) prints what a person waits for: the first rows
after the start beside the app's cold start on an empty workspace, pages, jumps, an order, filters, one edit, and the
memory of the app's process.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks import made_workspace

_ITEM = re.compile(rb"i(\d+) of")
_PATIENCE = 30.0
_SHOWN_BEFORE = 60  # rows at the top of the plain list that 40 lines may show
_TOKENS_TITLE = (25, 5)  # column and line of the title "tokens" at 120x40


@dataclass(slots=True)
class Figures:
    """Seconds of everything, and the megabytes of the app at the end.

    Of a filter: from its last key until its first rows are drawn, and until all that fulfil it are counted.
    """

    examples: int
    cold: float = 0.0
    first_rows: float = 0.0
    pages: list[float] = field(default_factory=list)
    jumps: list[float] = field(default_factory=list)
    sorts: list[float] = field(default_factory=list)
    filters: dict[str, tuple[float, float]] = field(default_factory=dict)
    megabytes: float = 0.0

    @property
    def first_rows_ratio(self) -> float:
        """First rows beside the cold start on an empty workspace."""
        return self.first_rows / self.cold

    def told(self) -> str:
        """The figures in words."""
        lines = [
            f"{self.examples:,} examples",
            f"  cold start, empty workspace {1e3 * self.cold:6.0f} ms",
            f"  first rows                  {1e3 * self.first_rows:6.0f} ms, {self.first_rows_ratio:.2f} x",
        ]
        for name, seconds in (("page", self.pages), ("jump", self.jumps), ("sort by tokens", self.sorts)):
            ordered = sorted(seconds)
            p99 = ordered[min(int(0.99 * len(ordered)), len(ordered) - 1)]
            lines.append(f"  {name:16} median {1e3 * statistics.median(seconds):6.1f} ms, p99 {1e3 * p99:6.1f} ms")
        for name, (rows, count) in self.filters.items():
            lines.append(f"  filter {name:28} rows {1e3 * rows:7.0f} ms, count {1e3 * count:7.0f} ms")
        return "\n".join([*lines, f"  resident memory {self.megabytes:.0f} MB"])


class Screen:
    """The app at 120x40 in a terminal of ours."""

    def __init__(self, home: Path, workspace: Path) -> None:
        environment = {
            **os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "TERM": "xterm-256color",
            "XDG_CONFIG_HOME": str(home / "config"), "TEXTUAL_ANIMATIONS": "none", "COLORTERM": "truecolor",
            "COLUMNS": "120", "LINES": "40",
        }  # fmt: skip
        command = [sys.executable, "-m", "webtune_tui", "-w", str(workspace)]
        self.started = time.perf_counter()
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
            os.execvpe(command[0], command, environment)

    def press(self, keys: bytes, is_there: Callable[[bytes], bool]) -> float:
        """Seconds from keys to the frame that shows what is awaited."""
        started = time.perf_counter()
        os.write(self._terminal, keys)
        self.wait(is_there, started)
        return time.perf_counter() - started

    def read_until(self, keys: bytes, is_there: Callable[[bytes], bool], started: float) -> bytes:
        """Presses keys; answers what was drawn until it was as awaited."""
        os.write(self._terminal, keys)
        return self.wait(is_there, started)

    def wait(self, is_there: Callable[[bytes], bool], started: float) -> bytes:
        """Reads until what was drawn since the last call is as awaited, and answers that."""
        seen = b""
        while not is_there(seen):
            if time.perf_counter() - started > _PATIENCE:
                raise TimeoutError(f"did not come; last: {seen[-300:]!r}")
            if select.select([self._terminal], [], [], 1)[0]:
                seen += os.read(self._terminal, 65536)
        return seen

    def settle(self, seconds: float = 0.3) -> None:
        """Reads until nothing more is drawn."""
        while select.select([self._terminal], [], [], seconds)[0]:
            os.read(self._terminal, 65536)

    def megabytes(self) -> float:
        """What the app's process has in memory."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def close(self) -> None:
        """Ends the app."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        with contextlib.suppress(OSError):
            os.close(self._terminal)


def _shows(words: bytes) -> Callable[[bytes], bool]:
    return lambda seen: words in seen


def _shows_item(test: Callable[[int], bool]) -> Callable[[bytes], bool]:
    return lambda seen: any(test(int(found)) for found in _ITEM.findall(seen))


def measure(examples: int, rounds: int = 5, keys: int = 60) -> Figures:
    """Everything on one workspace."""
    home = Path(tempfile.mkdtemp())
    figures = Figures(examples)
    try:
        workspace = home / "many"
        made_workspace.make(workspace, examples)
        cold, first = [], []
        for number in range(rounds + 1):
            a = _time_to_show(home, home / f"empty-{number}", b"", _shows(b"No records yet"))
            b = _time_to_show(home, workspace, b"3", _shows_item(lambda item: item == 0))
            if number:
                cold.append(a)
                first.append(b)
        figures.cold, figures.first_rows = statistics.median(cold), statistics.median(first)
        _use(Screen(home, workspace), figures, keys)
        return figures
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _time_to_show(home: Path, workspace: Path, keys: bytes, is_there: Callable[[bytes], bool]) -> float:
    screen = Screen(home, workspace)
    try:
        if keys:
            screen.wait(_shows(b"Credentials"), screen.started)
            os.write(screen._terminal, keys)
        screen.wait(is_there, screen.started)
        return time.perf_counter() - screen.started
    finally:
        screen.close()


def _use(screen: Screen, figures: Figures, keys: int) -> None:
    last = figures.examples - 1
    try:
        screen.wait(_shows(b"Credentials"), screen.started)
        screen.press(b"3", _shows_item(lambda item: item == 0))
        screen.settle()
        highest = 30
        for _ in range(keys):
            before = highest
            figures.pages.append(screen.press(b"\x1b[6~", _shows_item(lambda item, before=before: item > before)))
            screen.settle(0.05)
            highest += 25
        for _ in range(keys // 4):
            figures.jumps.append(screen.press(b"G", _shows_item(lambda item: item == last)))
            screen.settle(0.05)
            figures.jumps.append(screen.press(b"g", _shows_item(lambda item: item == 0)))
            screen.settle(0.05)
        column, line = _TOKENS_TITLE
        click = b"\x1b[<0;%d;%dM\x1b[<0;%d;%dm" % (column, line, column, line)
        for number in range(6):
            arrow = ("↓" if number % 2 == 0 else "↑").encode()
            figures.sorts.append(
                screen.press(click, lambda seen, arrow=arrow: arrow in seen and bool(_ITEM.search(seen)))
            )
            screen.settle(0.2)
            screen.settle(1.5)
        screen.press(b"\x1b", _shows_item(lambda item: item == 0))  # the plain order again
        screen.settle(0.5)
        for words in ("tokens > 1200", "split = test", "flag:near-duplicate", f'answer ~ "{made_workspace.NEEDLE}"'):
            screen.press(b"f", _shows(b"completes"))
            screen.settle(0.5)
            started = time.perf_counter()
            told = _shows(f"of {figures.examples:,} where {words}".encode())
            # rows of the list before, whose numbers are low, may still be drawn; the line says "looking" till the end
            others = _shows_item(lambda item: item > _SHOWN_BEFORE)
            seen = screen.read_until(words.encode(), others, started)
            rows = time.perf_counter() - started
            if not told(seen):
                screen.wait(told, started)
            figures.filters[words] = (rows, time.perf_counter() - started)
            screen.settle(0.5)
            screen.press(b"\x1b", _shows_item(lambda item: True))
            screen.settle(0.5)
        figures.megabytes = screen.megabytes()
    finally:
        screen.close()


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000).told())
