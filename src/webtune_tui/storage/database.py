"""SQLite in WAL mode: one writer at a time, readers beside it, and ordered migrations."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from webtune_tui.domain.errors import NoSpace, Stopped, StorageFailed
from webtune_tui.storage.files import FILE_MODE

_CACHE_KB = 24 * 1024  # of the writer, whose rows go to many places of the indexes
_READ_CACHE_KB = 2 * 1024  # each thread reads on a connection of its own; what is read again lies in the system's cache
_PAGE_BYTES = 8192  # a record of a page of text fits with others; 4096 would waste a seventh of the file
_LOOK_EVERY = 20_000  # instructions of a statement: some milliseconds
_LOG_PAGES = 4096  # 32 MB: pages of an index that many batches change reach the file once


class Database:
    """The workspace's database file. All methods block; services call them through ``asyncio.to_thread``.

    Writes of this process take turns on one connection; each reading thread has a connection of its own and sees
    the last committed state. ``synchronous=FULL`` makes a finished ``with database.write()`` durable.
    """

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self._write_lock = threading.Lock()
        self._together = threading.local()  # its connection: that of the thread whose writes are one transaction
        self._writer: sqlite3.Connection | None = None
        self._readers = threading.local()
        self._all_readers: list[sqlite3.Connection] = []
        self._closed = False

    @contextlib.contextmanager
    def write(self, stopped: threading.Event | None = None) -> Iterator[sqlite3.Connection]:
        """A transaction: committed at the end of the block, rolled back when it raises.

        Raises:
            StorageFailed: the workspace is open read-only, or the file can't be written.
            NoSpace: the disk is full; nothing of the block is kept.
            Stopped: ``stopped`` was set before the end of the block, also while a statement ran; nothing is kept.
        """
        if (connection := self._joined()) is not None:
            yield connection
            return
        if self.read_only:
            raise StorageFailed(f"{self.path.parent} is open read-only", hint="Close the other webtune that uses it.")
        with self._write_lock, _translated(self.path):
            if self._writer is None:
                self._writer = self._connect(_CACHE_KB)
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                with _stoppable(self._writer, stopped):
                    yield self._writer
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    @contextlib.contextmanager
    def together(self, stopped: threading.Event | None = None) -> Iterator[None]:
        """Makes all writes of this thread in the block one transaction that its reads see. Raises as ``write`` does."""
        with self.write(stopped) as connection:
            self._together.connection, self._together.stopped = connection, stopped
            try:
                yield
            finally:
                self._together.connection = None

    def _joined(self) -> sqlite3.Connection | None:
        connection: sqlite3.Connection | None = getattr(self._together, "connection", None)
        return connection

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """This thread's reading connection."""
        if (joined := self._joined()) is not None:
            yield joined
            return
        with _translated(self.path):
            connection = getattr(self._readers, "connection", None)
            if connection is None or self._closed:
                connection = self._connect()
                self._readers.connection = connection
                self._all_readers.append(connection)
            yield connection

    @contextlib.contextmanager
    def aside(self) -> Iterator[sqlite3.Connection]:
        """A reading connection of its own: what takes long is stopped by interrupting it from another thread."""
        if (joined := self._joined()) is not None:
            factory, stopped = joined.row_factory, self._together.stopped
            try:
                yield joined
            finally:
                joined.row_factory = factory
                joined.set_progress_handler(stopped and stopped.is_set, _LOOK_EVERY)
            return
        with _translated(self.path), contextlib.closing(self._connect()) as connection:
            yield connection

    def migrate(self) -> None:
        """Brings the schema up to date, with a copy of the file before an existing one is changed.

        Raises:
            StorageFailed: the file was written by a newer webtune.
        """
        scripts = _migrations()
        with _translated(self.path), contextlib.closing(self._connect(_CACHE_KB)) as connection:
            found = self._known_schema(connection, len(scripts))
            if 0 < found < len(scripts):
                _copy(connection, self.path.with_suffix(f".before-{found + 1}.db"))
            for number, script in enumerate(scripts[found:], start=found + 1):
                connection.executescript(f"BEGIN;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")

    def require_known_schema(self) -> None:
        """Refuses a file that a newer webtune wrote. Raises StorageFailed."""
        with _translated(self.path), contextlib.closing(self._connect()) as connection:
            self._known_schema(connection, len(_migrations()))

    def _known_schema(self, connection: sqlite3.Connection, newest: int) -> int:
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if found > newest:
            raise StorageFailed(
                f"{self.path} has schema {found}, this webtune knows {newest}",
                hint="Install a newer webtune-tui to open this workspace.",
            )
        return found

    def compact(self) -> None:
        """Rewrites the file without what was ever deleted from it, and empties its log.

        The space of another copy is needed while it works.

        Raises:
            StorageFailed: another process is reading just now; the old pages may still be in the log.
        """
        if self.read_only:
            raise StorageFailed(f"{self.path.parent} is open read-only", hint="Close the other webtune that uses it.")
        with self._write_lock, _translated(self.path), contextlib.closing(self._connect()) as connection:
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
            connection.execute("PRAGMA temp_store = FILE")  # a copy of the whole file would not fit into memory
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("VACUUM")
        self.fold_log()

    def fold_log(self) -> None:
        """Writes the log into the file and empties it. Raises StorageFailed where another process is reading."""
        with self._write_lock, _translated(self.path), contextlib.closing(self._connect()) as connection:
            is_busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if is_busy:
            raise StorageFailed(
                f"{self.path} is being read by another process, so its log can't be emptied",
                hint="Close the other webtune, then run the command again.",
            )

    def disconnect(self) -> None:
        """Closes every connection for now; the next use opens another. No thread may be reading."""
        self.close()
        self._readers = threading.local()
        self._closed = False

    def close(self) -> None:
        """Closes every connection; the write-ahead log is folded into the file."""
        self._closed = True
        with self._write_lock:  # a thread whose caller was cancelled may still be writing
            for connection in [*self._all_readers, *([self._writer] if self._writer else [])]:
                connection.close()
            self._all_readers.clear()
            self._writer = None

    def _connect(self, cache: int = _READ_CACHE_KB) -> sqlite3.Connection:
        mode = "ro" if self.read_only else "rwc"
        connection = sqlite3.connect(
            f"{self.path.as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=10,
        )
        connection.row_factory = sqlite3.Row
        if not self.read_only:
            connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")  # of a new file; an old one keeps its own
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA cache_size = -{cache}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
        return connection


def _migrations() -> list[str]:
    """The SQL of each schema step, in order; a released one is never edited."""
    folder = resources.files("webtune_tui.storage") / "migrations"
    files = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [(folder / name).read_text(encoding="utf-8") for name in files]


@contextlib.contextmanager
def _stoppable(connection: sqlite3.Connection, stopped: threading.Event | None) -> Iterator[None]:
    """Ends the block by an error once ``stopped`` is set, within a statement too."""
    if stopped is None:
        yield
        return
    connection.set_progress_handler(stopped.is_set, _LOOK_EVERY)
    try:
        yield
        if stopped.is_set():
            raise Stopped
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            raise Stopped from error
        raise
    finally:
        connection.set_progress_handler(None, 0)


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if "full" in str(error):
            raise NoSpace(f"No space left for {path}", hint="Free some space; nothing half was written.") from error
        raise StorageFailed(
            f"{path}: {error}", hint="Check the folder's permissions and free space, then try again."
        ) from error


def _copy(connection: sqlite3.Connection, path: Path) -> None:
    """A whole copy of the database: what a killed program left in the log is in it too."""
    path.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as copy:
        connection.backup(copy)
    path.chmod(FILE_MODE)
