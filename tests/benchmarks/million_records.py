"""Measures what a huge snapshot costs: memory of all processes, and how quickly the app answers keys meanwhile.

``python -m tests.benchmarks.million_records [RECORDS] [dialogue|filter]`` (default a million, about 1.5 GB, and both)
collects from a double of Bright Data in a process of its own. The real app runs in a real pseudo-terminal, downloads
and stores; all the while letters are typed into a field, and the time from each key to the letter on the screen is
taken. A dialogue covers the screen; the filter has the board and the records beside it, drawn as they come.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.big_snapshot import write_packed
from tests.e2e.test_app_in_terminal import Terminal
from tests.e2e.test_readme import environment

_COLLECT = ("collect", "brightdata", "--scraper", "amazon-products", "--input")
_CATEGORY = "category_url=https://www.amazon.com/gp/bestsellers/office-products"
_PAUSE = 0.04  # between two keys
_LETTERS = "".join(chr(code) for code in (*range(0x410, 0x450), *range(0x391, 0x3A2), *range(0x531, 0x557)))
_CLEAR_EVERY = 20
_LONGEST_SECONDS = 1800
_PLACES = {"dialogue": (b"a", b"Snapshot id"), "filter": (b"/", b"Filter by name")}  # its key, and what is then seen
LOST_SECONDS = 10.0  # a letter that has not come by then counts with that


@dataclass(slots=True)
class Costs:
    """Figures of one run; ``echoes`` are seconds from key to letter."""

    records: int
    megabytes: float = 0.0
    seconds: float = 0.0
    stored: int = 0
    new: int = 0
    peak_megabytes: float = 0.0
    idle_megabytes: float = 0.0
    database_megabytes: float = 0.0
    echoes: list[float] = field(default_factory=list)
    idle_echoes: list[float] = field(default_factory=list)

    def told(self) -> str:
        """The figures in words."""
        return (
            f"{self.records:,} records, {self.megabytes:,.0f} MB, in {self.seconds:,.1f} s; "
            f"peak memory {self.peak_megabytes:,.0f} MB (idle {self.idle_megabytes:,.0f}); "
            f"key echo p50 {percentile(self.echoes, 50) * 1000:.0f}, p99 {percentile(self.echoes, 99) * 1000:.0f}, "
            f"max {max(self.echoes) * 1000:.0f} ms of {len(self.echoes):,} keys "
            f"(idle p99 {percentile(self.idle_echoes, 99) * 1000:.0f} ms); "
            f"database {self.database_megabytes * 1e6 / self.records:,.0f} bytes a record"
        )


def percentile(values: list[float], share: int) -> float:
    """The value below which that share of the values lies."""
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


class MemoryWatch:
    """The largest sum of resident memory of a process and all that it started, looked at many times a second."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self.now = 0
        self._pid = pid
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.1):
            family = family_of(self._pid)
            self.now = sum(_resident(pid, "VmRSS") for pid in family)
            self.peak = max(self.peak, self.now, _resident(self._pid, "VmHWM"))


def family_of(pid: int) -> list[int]:
    """A process and everything below it."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            for children in Path(f"/proc/{parent}/task").glob("*/children"):
                found += [int(word) for word in children.read_text().split()]
    return found


def _resident(pid: int, name: str) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # it has just ended
    return 0


class Keys:
    """Types letters one after the other and times each until it is on the screen."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._typed = 0

    def type_one(self) -> float:
        letter = _LETTERS[self._typed % len(_LETTERS)].encode()
        if self._typed % _CLEAR_EVERY == 0:
            self._terminal.press(b"\x15")
            self._terminal.read_for(0.2)
        self._typed += 1
        self._terminal.seen = b""
        started = time.perf_counter()
        self._terminal.press(letter)
        while letter not in self._terminal.seen and time.perf_counter() - started < LOST_SECONDS:
            self._terminal.read_once()
        return time.perf_counter() - started


class WatchedTerminal(Terminal):
    """A terminal whose output can be read for a while."""

    def read_once(self) -> None:
        """Takes in the next piece, or nothing for a while."""
        self._read(0.5)

    def read_for(self, seconds: float) -> None:
        """Takes in what comes during that time."""
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            self._read(left)
        self.seen = self.seen[-20_000:]


@contextlib.contextmanager
def _service(packed: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.benchmarks.big_snapshot", str(packed)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _say(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def measure(records: int, place: str = "dialogue") -> Costs:
    """Collects that many records in the app; ``place`` is where one types: a dialogue, or the filter of the board."""
    home = Path(tempfile.mkdtemp())
    costs = Costs(records)
    try:
        costs.megabytes = write_packed(home / "snapshot.gz", records) / 1e6
        with _service(home / "snapshot.gz") as service:
            _collect(home, service, costs, _PLACES[place])
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return costs


def _collect(home: Path, service: subprocess.Popen[str], costs: Costs, place: tuple[bytes, bytes]) -> None:
    ours = {
        "WEBTUNE_BRIGHTDATA_URL": _line(service),
        "BRIGHTDATA_API_TOKEN": "sandbox-key-123",
        "WEBTUNE_POLL_SECONDS": "0.2",
    }
    program = [sys.executable, "-m", "webtune_tui", "-w", str(home / "workspace")]
    begun = subprocess.run(
        [*program, *_COLLECT, _CATEGORY, "--yes", "--json", "--deadline", "1"],
        env={**environment(home), **ours},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert begun.returncode == 3, begun.stderr
    collection_id = json.loads(begun.stdout)["collection_id"]
    terminal = WatchedTerminal(home, variables=ours)
    is_running = True
    try:
        with MemoryWatch(terminal.pid) as memory:
            terminal.read_until(b"Credentials")
            terminal.press(b"2")
            terminal.read_until(b"Amazon")
            terminal.read_for(1)
            opening, opened = place
            terminal.press(b"r" + opening)
            terminal.read_until(opened)
            keys = Keys(terminal)
            for _ in range(50):
                costs.idle_echoes.append(keys.type_one())
                terminal.read_for(_PAUSE)
            costs.idle_megabytes = memory.now / 1e6
            _say(service)
            assert _line(service) == "ready"
            _type_until_ready(home / "workspace" / "workspace.db", collection_id, terminal, keys, costs)
            costs.peak_megabytes = memory.peak / 1e6
        terminal.press(b"\x1b")
        terminal.read_for(1)
        terminal.press(b"\x11")
        code, is_running = terminal.end(), False
        assert code == 0
    finally:
        if is_running:
            os.kill(terminal.pid, signal.SIGKILL)
            os.waitpid(terminal.pid, 0)
        terminal.close()
    costs.database_megabytes = (home / "workspace" / "workspace.db").stat().st_size / 1e6


def _type_until_ready(database: Path, collection_id: str, terminal: WatchedTerminal, keys: Keys, costs: Costs) -> None:
    started = time.perf_counter()
    state, asked = "", 0.0
    while state != "ready":
        assert time.perf_counter() - started < _LONGEST_SECONDS, f"still {state}"
        costs.echoes.append(keys.type_one())
        terminal.read_for(_PAUSE)
        if time.perf_counter() - asked > 0.5:
            asked = time.perf_counter()
            with contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
                state, costs.stored, costs.new = connection.execute(
                    "SELECT state, records, new FROM collections WHERE collection_id = ?", (collection_id,)
                ).fetchone()
            assert state in ("running", "ready"), state
    costs.seconds = time.perf_counter() - started


if __name__ == "__main__":
    for where in sys.argv[2:] or _PLACES:
        print(f"{where}: {measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, where).told()}")
