"""Small programs of ours that read an open file beside the screen: started at once, ended at once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import webtune_tui

_LONGEST_LINE = 4 * 1024 * 1024
_SOURCE = str(Path(webtune_tui.__file__).parents[1])


def programs_for(size: int, worth_sharing: int, most: int) -> int:
    """How many programs share work of a size: one for each core, up to so many, where it is worth it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, most) if size > worth_sharing else 1


@contextlib.asynccontextmanager
async def beside(
    module: str, *words: str, file: int, is_plain: bool = True, others: Sequence[int] = ()
) -> AsyncIterator[Process]:
    """``python -m MODULE WORDS`` with an open file as its stdin; it is killed at the end of the block.

    It has the other open files by their numbers.
    A plain one loads nothing but the standard library and our own modules, which takes half as long.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *(("-S",) if is_plain else ()),
        "-m",
        module,
        *words,
        stdin=file,
        stdout=PIPE,
        stderr=DEVNULL,
        limit=_LONGEST_LINE,
        pass_fds=others,
        env={name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "HOME") if name in os.environ}
        | {"PYTHONPATH": _SOURCE, "PYTHONUTF8": "1"},
        start_new_session=os.name == "posix",  # ctrl+c is ours to pass on
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
