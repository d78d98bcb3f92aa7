"""How many processes work on records, and how they are started; loads nothing, so that it can be known at once."""

from __future__ import annotations

import multiprocessing
import os
import sys
from multiprocessing import forkserver
from multiprocessing.context import BaseContext

PRELOAD = "webtune_tui.services.prepare_preload"
TRIAGE_PRELOAD = "webtune_tui.services.triage_preload"
FACTS_PRELOAD = "webtune_tui.services.body_facts_preload"
"""The modules that hold what the processes of a run share."""
MOST_WORKERS = 8
_WORTH_SHARING = 2_000  # records; below it starting a process costs more than it saves


def workers_for(records: int) -> int:
    """How many processes work on this many records where nobody says it."""
    if records < _WORTH_SHARING:
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_WORKERS)


def start_method(preload: str) -> BaseContext:
    """How processes are started: on Linux from one that has loaded a module, which they share with all it holds."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([preload])
    return context


def start_early(preload: str) -> None:
    """Lets the process that workers are started from begin to load, while this one loads as well."""
    if sys.platform == "linux":
        start_method(preload)
        forkserver.ensure_running()
