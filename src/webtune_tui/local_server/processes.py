"""Processes told apart by id and start time, since the system gives ids away again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

_HAS_PROC = Path("/proc/self/stat").exists()


@dataclass(frozen=True)
class ProcessIdentity:
    """A process: its id and the moment it started, as the system names it."""

    pid: int
    started: str

    def is_alive(self) -> bool:
        """Say whether this very process still runs (a zombie does not)."""
        return start_time(self.pid) == self.started

    def send(self, signal_number: int) -> None:
        """Send a signal to this very process; nothing happens when it has ended."""
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal_number)

    def kill(self) -> None:
        """End this process at once, without a chance to tidy up."""
        self.send(getattr(signal, "SIGKILL", signal.SIGTERM))


def start_time(pid: int) -> str | None:
    """Return a text that differs between two holders of the same id; None when nobody has it.

    On Linux these are the clock ticks since boot (field 22 of /proc/PID/stat), elsewhere ps' lstart.
    """
    return _start_time_from_proc(pid) if _HAS_PROC else _start_time_from_ps(pid)


def this_process() -> ProcessIdentity:
    """Return the identity of the running process."""
    return ProcessIdentity(os.getpid(), start_time(os.getpid()) or "")


def peak_memory_bytes(pid: int) -> int | None:
    """Return the largest resident size that a living process has had; None where it can't be read."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None


def memory_limit_bytes() -> int | None:
    """Return the memory that processes here may use: the machine's, or the control group's if smaller."""
    limits = []
    with contextlib.suppress(OSError, ValueError, AttributeError):
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    with contextlib.suppress(OSError, ValueError):
        limits.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return min(limits, default=None)


def usable_cores() -> int:
    """Return how many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_computes_bf16() -> bool:
    """Say whether the processor has instructions for bfloat16, which halve the time of a training step."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def _start_time_from_proc(pid: int) -> str | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The second field is the command in brackets and may hold spaces and brackets itself.
    fields = text.rpartition(")")[2].split()
    state, started = fields[0], fields[19]
    return None if state in "ZX" else started


def _start_time_from_ps(pid: int) -> str | None:
    try:
        answer = subprocess.run(
            ["ps", "-o", "state=,lstart=", "-p", str(pid)],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    state, _, started = answer.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else started.strip()
