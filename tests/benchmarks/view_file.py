"""Measures looking into a huge file in the real app, in a real pseudo-terminal of 120x40.

``python -m tests.benchmarks.view_file [ROWS]`` (default a million rows, 1.2 GB) makes a file of so many chat examples
and one of 10,000, and prints: the time from exec to the first rows beside that of the smallest Textual app with a
table that shows the same rows; the jump to the end once all rows are counted, while they are, and at the moment of the
first frame; a search that hits in the last 1 % beside ``mmap.find`` over the file; the answer to esc during a search;
sorting by bytes, from key to frame, and a jump in the sorted rows; and the private memory of all processes. Seconds do
not travel between machines, the ratios do.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.first_frame import first_frame_seconds
from tests.benchmarks.million_records import WatchedTerminal, family_of
from tests.e2e.test_readme import environment

_FEW_ROWS = 10_000
_ROUNDS = 5
_COUNTING_SECONDS = 0.25  # after the first rows, when a file of a gigabyte is being counted
_WORDS = ("steel", "bottle", "keeps", "drinks", "cold", "leak", "proof", "lid", "handle", "camping", "kitchen")
_ESC = b"\x1b"
_FLOOR = """
import sys
from itertools import islice
from textual.app import App
from textual.widgets import DataTable
class Smallest(App):
    def compose(self):
        yield DataTable()
    def on_mount(self):
        table = self.query_one(DataTable)
        table.add_column("line")
        with open(sys.argv[1]) as lines:
            for line in islice(lines, 38):
                table.add_row(line[:100])
Smallest().run()
"""


@dataclass(slots=True)
class Costs:
    """Figures of one run in seconds and bytes; lists are of several rounds."""

    rows: int
    bytes: int = 0
    floor: list[float] = field(default_factory=list)
    first_few: list[float] = field(default_factory=list)
    first_many: list[float] = field(default_factory=list)
    counted_after: float = 0.0
    end_counted: list[float] = field(default_factory=list)
    end_uncounted: list[float] = field(default_factory=list)
    end_at_once: list[float] = field(default_factory=list)
    mapped: list[float] = field(default_factory=list)
    search: list[float] = field(default_factory=list)
    search_any_case: list[float] = field(default_factory=list)
    stopped: list[float] = field(default_factory=list)
    sort: list[float] = field(default_factory=list)
    end_sorted: list[float] = field(default_factory=list)
    private_sorting: int = 0
    private: int = 0
    private_few: int = 0
    private_peak: int = 0

    @property
    def first_ratio(self) -> float:
        """The first rows of many, as a multiple of the smallest app's: the median of the rounds."""
        return _median_ratio(self.first_many, self.floor)

    @property
    def size_ratio(self) -> float:
        """The first rows of many, as a multiple of those of few."""
        return _median_ratio(self.first_many, self.first_few)

    @property
    def search_ratio(self) -> float:
        """The search from key to frame, as a multiple of finding the text in the mapped file."""
        return _median_ratio(self.search, self.mapped)

    def told(self) -> str:
        """The figures in words."""

        def ms(values: Sequence[float]) -> str:
            return f"{statistics.median(values) * 1000:,.0f} ms" if values else "not measured"

        return (
            f"{self.rows:,} rows, {self.bytes / 1e6:,.0f} MB: first rows {ms(self.first_many)} "
            f"({_FEW_ROWS:,} rows {ms(self.first_few)}; smallest app {ms(self.floor)}), ratio {self.first_ratio:.2f}, "
            f"against few {self.size_ratio:.2f}; all counted after {self.counted_after:.1f} s; "
            f"jump to the end {ms(self.end_counted)}, while counting {ms(self.end_uncounted)}, "
            f"with the first frame {ms(self.end_at_once)}; "
            f"search {ms(self.search)} (any case {ms(self.search_any_case)}), mmap.find {ms(self.mapped)}, "
            f"ratio {self.search_ratio:.2f}; esc {ms(self.stopped)}; "
            f"sort by bytes {ms(self.sort)}, jump to its end {ms(self.end_sorted)}, with the programs of the sort "
            f"{self.private_sorting / 1e6:.0f} MB; "
            f"private memory {self.private / 1e6:.0f} MB (few {self.private_few / 1e6:.0f}), "
            f"with the programs of a search {self.private_peak / 1e6:.0f} MB"
        )


def _median_ratio(ones: Sequence[float], others: Sequence[float]) -> float:
    return statistics.median(one / other for one, other in zip(ones, others, strict=True))


def write_rows(path: Path, rows: int) -> None:
    """Chat examples of 1.2 kB each; the last 1 % holds one ``Needle`` and the last row ends with ``END-MARK``."""
    choose = random.Random(7)
    texts = [" ".join(choose.choice(_WORDS) for _ in range(165)) for _ in range(499)]
    system = {"role": "system", "content": "Shop texts."}
    with path.open("wb") as out:
        for number in range(rows):
            mark = "Needle-in-Haystack. " if number == rows - rows // 200 else ""
            if number == rows - 1:
                mark = "END-MARK "
            user = {"role": "user", "content": f"Row-{number + 1}: describe this product."}
            answer = {"role": "assistant", "content": mark + texts[number % len(texts)]}
            out.write(json.dumps({"messages": [system, user, answer]}).encode() + b"\n")


def measure(rows: int, rounds: int = _ROUNDS) -> Costs:
    """All figures for a file of so many rows."""
    home = Path(tempfile.mkdtemp())
    try:
        few, many = home / "few.jsonl", home / "many.jsonl"
        write_rows(few, _FEW_ROWS)
        write_rows(many, rows)
        costs = Costs(rows, many.stat().st_size)
        _first_rows(home, few, many, costs, rounds)
        _inside(home, few, many, costs, rounds)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return costs


def _environment(home: Path) -> dict[str, str]:
    plain = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "TEXTUAL_ANIMATIONS": "none"}
    return {**environment(home), **plain}


def _first_rows(home: Path, few: Path, many: Path, costs: Costs, rounds: int) -> None:
    view = [sys.executable, "-m", "webtune_tui", "-w", str(home / "workspace"), "view"]
    for number in range(rounds + 1):
        floor = first_frame_seconds([sys.executable, "-c", _FLOOR, str(many)], b"Shop texts", _environment(home))
        first_few = first_frame_seconds([*view, str(few)], b"Row-30", _environment(home))
        first_many = first_frame_seconds([*view, str(many)], b"Row-30", _environment(home))
        if number:  # the first round warms the disk cache
            costs.floor.append(floor)
            costs.first_few.append(first_few)
            costs.first_many.append(first_many)


def _inside(home: Path, few: Path, many: Path, costs: Costs, rounds: int) -> None:
    for _ in range(rounds):
        with _viewing(home, many) as terminal:
            terminal.read_until(b"Row-30")
            costs.end_at_once.append(_seconds(terminal, b"G", b"END-MARK"))
        with _viewing(home, many) as terminal:
            terminal.read_until(b"Row-30")
            terminal.read_for(_COUNTING_SECONDS)
            costs.end_uncounted.append(_seconds(terminal, b"G", b"END-MARK"))
    with _viewing(home, few) as terminal:
        terminal.read_until(f"{_FEW_ROWS:,} rows".encode())
        terminal.read_for(2)
        costs.private_few = _private(terminal.pid)
    with _viewing(home, many) as terminal:
        started = time.perf_counter()
        terminal.read_until(f"{costs.rows:,} rows".encode())
        costs.counted_after = time.perf_counter() - started
        for _ in range(rounds):
            terminal.read_for(0.5)
            costs.end_counted.append(_seconds(terminal, b"G", b"END-MARK"))
            terminal.press(b"g")
            costs.mapped.append(_mapped_seconds(many, b"Needle-in-Haystack"))
            costs.search.append(_search(terminal, b"Needle-in-Haystack"))
            costs.search_any_case.append(_search(terminal, b"needle-in-haystack"))
            seconds, private = _stop(terminal)
            costs.stopped += [] if seconds is None else [seconds]
            costs.private_peak = max(costs.private_peak, private)
        _sort(terminal, costs)
        terminal.read_for(2)
        costs.private = _private(terminal.pid)


@contextlib.contextmanager
def _viewing(home: Path, file: Path) -> Iterator[WatchedTerminal]:
    terminal = WatchedTerminal(home, "view", str(file), variables=_environment(home), lines=40, columns=120)
    try:
        yield terminal
    finally:
        os.kill(terminal.pid, signal.SIGKILL)
        os.waitpid(terminal.pid, 0)
        terminal.close()


def _seconds(terminal: WatchedTerminal, keys: bytes, needle: bytes) -> float:
    """From a key to what it brings to the screen."""
    terminal.seen = b""
    started = time.perf_counter()
    terminal.press(keys)
    terminal.read_until(needle)
    return time.perf_counter() - started


def _search(terminal: WatchedTerminal, text: bytes) -> float:
    """From enter to the frame that says where the text is, from the first row on."""
    terminal.press(b"g")
    terminal.read_for(0.3)
    terminal.press(b"/\x15")
    terminal.read_for(0.3)
    terminal.press(text)  # it is searched for when one pauses or, here, at enter
    seconds = _seconds(terminal, b"\r", "” at byte ".encode())
    terminal.read_for(0.2)
    terminal.press(_ESC)
    terminal.read_for(0.3)
    return seconds


def _stop(terminal: WatchedTerminal) -> tuple[float | None, int]:
    """From esc to the frame that says that a search has ended; and the private memory while it ran.

    No time where the search of a small file was over before that.
    """
    terminal.press(b"g")
    terminal.read_for(0.3)
    terminal.press(b"/\x15")
    terminal.read_for(0.3)
    terminal.seen = b""
    terminal.press(b"nowhere in this file \xc3\xa7\r")
    over = b"is nowhere in the file"
    _read_until_one(terminal, b"esc stops", over)
    private = _private(terminal.pid)
    is_over = over in terminal.seen
    terminal.seen = b""
    started = time.perf_counter()
    terminal.press(_ESC)
    seconds = None
    if not is_over and _read_until_one(terminal, b"Stopped", over) == b"Stopped":
        seconds = time.perf_counter() - started
    terminal.press(_ESC)
    terminal.read_for(0.3)
    return seconds, private


def _sort(terminal: WatchedTerminal, costs: Costs) -> None:
    """From the choice to the frame with the rows; then to the last row, and back to the order of the file."""
    terminal.press(b"s")
    terminal.read_until(b"Sort by")
    terminal.press(b"\x1b[B\x1b[B")
    terminal.read_for(0.3)
    terminal.seen = b""
    started = time.perf_counter()
    terminal.press(b"\r")
    while b"largest first" not in terminal.seen and time.perf_counter() - started < 120:
        terminal.read_for(0.02)
        costs.private_sorting = max(costs.private_sorting, _private(terminal.pid))
    costs.sort.append(time.perf_counter() - started)
    terminal.read_for(0.3)
    costs.end_sorted.append(_seconds(terminal, b"G", b"Row-"))
    terminal.press(b"s")
    terminal.read_until(b"Sort by")
    terminal.press(b"g")
    terminal.read_for(0.5)


def _read_until_one(terminal: WatchedTerminal, *needles: bytes) -> bytes:
    """Which of the words came first."""
    deadline = time.perf_counter() + 60
    while time.perf_counter() < deadline:
        for needle in needles:
            if needle in terminal.seen:
                return needle
        terminal.read_for(0.002)
    raise AssertionError(f"none of {needles!r} came; last: {terminal.seen[-400:]!r}")


def _mapped_seconds(path: Path, needle: bytes) -> float:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        started = time.perf_counter()
        assert mapped.find(needle) > 0
        return time.perf_counter() - started


def _private(pid: int) -> int:
    """The private memory of a process and all that it started, in bytes."""
    total = 0
    for one in family_of(pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Private_"):
                    total += int(line.split()[1]) * 1024
    return total


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000).told())
