"""The workspace folder: its paths, its lock, and opening it for reading or writing."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from webtune_tui.domain import clock
from webtune_tui.domain.errors import WorkspaceBusy
from webtune_tui.storage.database import Database
from webtune_tui.storage.files import make_folder, write_text

_FOLDERS = ("raw", "exports", "jobs", "evaluations")


@dataclass(frozen=True, slots=True)
class LockHolder:
    """The process that writes to a workspace."""

    pid: int
    since: str
    host: str
    command: str

    def describe(self, *, since: str = "") -> str:
        """One phrase for the person; ``since`` is the moment as the front end writes it."""
        place = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"{self.command} (pid {self.pid}{place}, since {since or self.since})"

    def is_alive(self) -> bool:
        """Whether the process still runs; taken for granted where that can't be seen from here."""
        if os.name != "posix" or self.host != socket.gethostname():
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


class Workspace:
    """One opened workspace. ``read_only`` holds where another process is writing."""

    def __init__(
        self,
        root: Path,
        database: Database,
        lock: FileLock | None,
        holder: LockHolder | None,
        scratch: Path | None = None,
    ) -> None:
        self.root = root
        self.database = database
        self.holder = holder
        self._lock = lock
        self._scratch = scratch

    @property
    def read_only(self) -> bool:
        """Whether writing is refused."""
        return self.database.read_only

    @property
    def recipe_path(self) -> Path:
        """The recipe that turns this workspace's records into its dataset."""
        return self.root / "recipe.toml"

    @property
    def settings_path(self) -> Path:
        """The person's choices for this workspace."""
        return self.root / "webtune.toml"

    @property
    def exports(self) -> Path:
        """Exported datasets."""
        return self.root / "exports"

    @property
    def jobs(self) -> Path:
        """Local training jobs, one folder each."""
        return self.root / "jobs"

    @property
    def evaluations(self) -> Path:
        """Cases of evaluations with prompts and answers."""
        return self.root / "evaluations"

    def raw_folder(self, collection_id: str) -> Path:
        """Where a collection's bytes lie as downloaded."""
        return self.root / "raw" / collection_id

    def relative(self, path: Path) -> str:
        """A path as it is stored: inside the workspace it stays true when the folder is moved."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    def absolute(self, stored: str) -> Path:
        """The place of a stored path on this machine."""
        path = Path(stored)
        return path if path.is_absolute() else self.root / path

    @classmethod
    def open(cls, root: Path, *, command: str, write: bool = True, wait_seconds: float = 0) -> Self:
        """Opens a workspace, made where it is missing.

        Raises:
            WorkspaceBusy: ``write`` is wanted and another process writes to it; the error names the holder.
            StorageFailed: it can't be opened, or a newer webtune wrote it.
        """
        if write:
            return cls._open_to_write(root, command, wait_seconds)
        if not (root / "workspace.db").exists():
            return cls._open_nothing(root)
        database = Database(root / "workspace.db", read_only=True)
        database.require_known_schema()
        return cls(root, database, None, read_holder(root))

    @classmethod
    def open_or_read(cls, root: Path, *, command: str) -> Self:
        """Opens to write where possible, else read-only with the holder named."""
        try:
            return cls.open(root, command=command)
        except WorkspaceBusy:
            return cls.open(root, command=command, write=False)

    @classmethod
    def is_held(cls, root: Path) -> bool:
        """Whether a process that lives writes to a workspace, or nobody may: one that was killed holds nothing.

        The lock is tried only where its holder seems to live: nobody who opens the workspace just then is refused.
        """
        holder = read_holder(root)
        if holder is None or not holder.is_alive():
            return False
        try:
            with FileLock(root / "workspace.lock", mode=0o600).acquire(timeout=0):
                return False
        except (Timeout, OSError):
            return True

    @classmethod
    def _open_nothing(cls, root: Path) -> Self:
        """A place without a workspace reads as an empty one, and looking at it writes nothing there."""
        scratch = Path(tempfile.mkdtemp(prefix="webtune-"))
        database = Database(scratch / "workspace.db", read_only=False)
        database.migrate()
        database.close()
        return cls(root, Database(scratch / "workspace.db", read_only=True), None, None, scratch)

    @classmethod
    def _open_to_write(cls, root: Path, command: str, wait_seconds: float) -> Self:
        make_folder(root)
        lock = FileLock(root / "workspace.lock", mode=0o600)
        try:
            lock.acquire(timeout=wait_seconds)
        except Timeout:
            holder = read_holder(root)
            who = holder.describe() if holder else "another process"
            raise WorkspaceBusy(
                f"{root} is in use by {who}",
                hint="Close it, or wait until it is done; reading commands work meanwhile.",
                fields={"holder": holder and {"pid": holder.pid, "since": holder.since}},
            ) from None
        try:
            holder = LockHolder(os.getpid(), clock.now(), socket.gethostname(), command)
            write_text(root / "workspace.holder.json", json.dumps(dataclasses.asdict(holder)))
            for name in _FOLDERS:
                make_folder(root / name)
            database = Database(root / "workspace.db", read_only=False)
            with _private_umask():
                database.migrate()
        except BaseException:
            lock.release()
            raise
        return cls(root, database, lock, None)

    def close(self) -> None:
        """Closes the database and lets the next process write."""
        self.database.close()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
        if self._lock is not None:
            (self.root / "workspace.holder.json").unlink(missing_ok=True)
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_holder(root: Path) -> LockHolder | None:
    """Who says that it writes to the workspace; ``None`` where nobody left word."""
    try:
        body = json.loads((root / "workspace.holder.json").read_text(encoding="utf-8"))
        return LockHolder(int(body["pid"]), str(body["since"]), str(body["host"]), str(body["command"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def _private_umask() -> Iterator[None]:
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
