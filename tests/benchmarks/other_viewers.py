"""Measures other viewers on the file of ``view_file``: first rows, jump to the end, search into the last 1 %, memory.

``python -m tests.benchmarks.other_viewers [ROWS] [NAME=COMMAND ...]`` runs each command on the file in a terminal of
120x40, such as ``less=less vd=/somewhere/bin/vd tl=/somewhere/bin/tl``. What a program can't do is told as a dash.
Nothing is installed for it, and no test asks for it: the figures beside ours are for people who choose a tool.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import sys
import tempfile
import termios
import time
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.view_file import write_rows
from tests.e2e.test_readme import environment

_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Keys:
    """What is pressed for the end of the file, for its beginning, and for a search; empty: it has no such key."""

    end: bytes
    begin: bytes
    search: bytes


_NEEDLE = b"Needle-in-Haystack"
_KEYS = {
    "less": Keys(b"G", b"g", b"/" + _NEEDLE + b"\r"),
    "tl": Keys(b"\x1b[F", b"\x1b[H", b"/" + _NEEDLE + b"\x1b[B"),  # it opens at the end
    "vd": Keys(b"G", b"gg", b"g/" + _NEEDLE + b"\r"),
    "webtune": Keys(b"G", b"g", b"/" + _NEEDLE + b"\r"),
}


class _Program:
    def __init__(self, command: list[str], home: Path) -> None:
        variables = {**environment(home), "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
        self.started = time.perf_counter()
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
            os.execvpe(command[0], command, variables)

    def until(self, needle: bytes, keys: bytes = b"") -> float | None:
        """Seconds until the words are drawn; nothing where they don't come."""
        started = time.perf_counter() if keys else self.started
        if keys:
            os.write(self._terminal, keys)
        seen = b""
        while needle not in seen:
            if time.perf_counter() - started > _PATIENCE:
                return None
            if select.select([self._terminal], [], [], 1)[0]:
                try:
                    seen = (seen + os.read(self._terminal, 65536))[-200_000:]
                except OSError:  # it ended
                    return None
        return time.perf_counter() - started

    def rest(self, seconds: float) -> None:
        """Reads what is drawn until nothing more comes."""
        with contextlib.suppress(OSError):
            while select.select([self._terminal], [], [], seconds)[0] and os.read(self._terminal, 65536):
                pass

    def private_megabytes(self) -> float:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()
            return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024
        return 0.0

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._terminal)


def measure(name: str, command: list[str], file: Path, rows: int, home: Path) -> str:
    """One row of the table in the README; the needle is in the row at 99.5 %."""
    last, hit = f"Row-{rows}".encode(), f"Row-{rows - rows // 200 + 1}".encode()
    keys = _KEYS.get(name, Keys(b"", b"", b""))
    first = []
    for _ in range(3):
        program = _Program([*command, str(file)], home)
        first.append(program.until(b"Row-"))
        program.close()
    program = _Program([*command, str(file)], home)
    try:
        program.until(b"Row-")
        program.rest(3.0)
        if keys.begin:
            os.write(program._terminal, keys.begin)
            program.rest(1.0)
        end = program.until(last, keys.end) if keys.end else None
        program.rest(0.5)
        os.write(program._terminal, keys.begin)
        program.rest(0.5)
        found = program.until(hit, keys.search) if keys.search else None
        program.rest(0.5)
        memory = program.private_megabytes()
    finally:
        program.close()
    best = min((one for one in first if one is not None), default=None)
    figures = [f"{1e3 * one:,.0f} ms" if one is not None else "-" for one in (best, end, found)]
    return f"| `{name}` | {figures[0]} | {figures[1]} | {figures[2]} | {memory:.0f} MB |"


def main(words: list[str]) -> None:
    """Makes the file and measures each program."""
    rows = int(words[0]) if words and words[0].isdigit() else 1_000_000
    programs = dict(word.split("=", 1) for word in words if "=" in word)
    home = Path(tempfile.mkdtemp())
    try:
        file = home / "many.jsonl"
        write_rows(file, rows)
        view = [sys.executable, "-m", "webtune_tui", "-w", str(home / "workspace"), "view"]
        megabytes = file.stat().st_size / 1e6
        titles = ("first rows", "jump to the end", "search in the last 1 %", "private memory")
        print(f"| {rows:,} examples, {megabytes:,.0f} MB, at 120x40 | {' | '.join(titles)} |")
        print("| --- | ---: | ---: | ---: | ---: |", flush=True)
        for name, command in {"webtune": view, **{name: command.split() for name, command in programs.items()}}.items():
            print(measure(name, command, file, rows, home), flush=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
