"""How many processes work on records, and how they are started; loads nothing, so that it can be known at once."""

from __future__ import annotations

import os
import sys

MOST_WORKERS = 8
START_METHOD = "fork" if sys.platform == "linux" else "spawn"
"""On Linux workers are copies of a program of ours that has loaded all they need: vocabulary, steps and libraries."""
_WORTH_SHARING = 2_000  # records; below it starting a process costs more than it saves


def workers_for(records: int) -> int:
    """How many processes work on this many records where nobody says it."""
    if records < _WORTH_SHARING:
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_WORKERS)
