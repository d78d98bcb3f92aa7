"""Telling a workspace of ours from any other folder, and holding it alone while it goes. Every call blocks."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from webtune_tui.domain.errors import WorkspaceBusy
from webtune_tui.storage.workspace import read_holder

_FOLDERS = ("raw", "exports", "jobs", "evaluations", "drafts", "generated")
_FILES = ("recipe.toml", "recipe.previous.toml", "webtune.toml")
_PATTERNS = ("workspace.before-*.db", ".*.part")
_LAST = ("workspace.holder.json", "workspace.db-wal", "workspace.db-shm", "workspace.db", "workspace.lock")
_TABLES = {"meta", "collections", "records", "operations", "ledger"}


def is_workspace(root: Path) -> bool:
    """Whether a folder holds a database of ours."""
    path = root / "workspace.db"
    if path.is_symlink() or not path.is_file():
        return False
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error:
        return False
    return names >= _TABLES


def ours(root: Path) -> list[Path]:
    """What webtune made in a workspace, in the order in which it can be removed and still be told by its rest."""
    made = [root / name for name in (*_FOLDERS, *_FILES)]
    made += [path for pattern in _PATTERNS for path in sorted(root.glob(pattern))]
    made += [root / name for name in _LAST]
    return [path for path in made if path.is_symlink() or path.exists()]


def lock_of(root: Path) -> Path:
    """The file on which processes that write exclude each other."""
    return root / "workspace.lock"


@contextlib.contextmanager
def writing_alone(root: Path) -> Iterator[None]:
    """Keeps every other process from writing. Raises WorkspaceBusy, which names who does."""
    lock = FileLock(lock_of(root), mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        holder = read_holder(root)
        raise WorkspaceBusy(
            f"{root} is in use by {holder.describe() if holder else 'another process'}",
            hint="Close it first.",
            fields={"holder": holder and {"pid": holder.pid, "since": holder.since}},
        ) from None
    try:
        yield
    finally:
        lock.release()
