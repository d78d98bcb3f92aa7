"""Files that are written whole or not at all, private to the person."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from webtune_tui.domain.errors import NoSpace, StorageFailed

FOLDER_MODE = 0o700
FILE_MODE = 0o600


def make_folder(path: Path) -> Path:
    """The folder, made with its missing parents, readable by the person alone.

    Raises:
        StorageFailed: a file stands in the way, or the parent can't be written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        if path.is_symlink() or not path.is_dir():
            raise StorageFailed(f"{path} is not a plain folder", hint="Choose another place with -w DIR.")
        if path.stat().st_mode & 0o077 and path.owner() == _me(path):
            path.chmod(FOLDER_MODE)
    except OSError as error:
        raise storage_error(path, error) from error
    return path


@contextlib.contextmanager
def atomic_writer(path: Path) -> Iterator[BinaryIO]:
    """A binary file that takes its name only when the block ends well: written, synced, renamed, folder synced.

    Raises:
        NoSpace, StorageFailed: nothing stands under the name but what stood there before.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _no_follow(), FILE_MODE)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
            sync_folder(path.parent)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise storage_error(path, error) from error


def write_text(path: Path, text: str) -> None:
    """Replaces a UTF-8 text file at once."""
    with atomic_writer(path) as stream:
        stream.write(text.encode("utf-8"))


def sync_folder(folder: Path) -> None:
    """Makes a rename in the folder durable where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def require_space(folder: Path, needed: int) -> None:
    """Checks that the folder's disk can take ``needed`` bytes.

    Raises:
        NoSpace: it can't; the text says how much is free and how much is needed.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NoSpace(
            f"{folder} has {free / 1e6:,.0f} MB free, {needed / 1e6:,.0f} MB are needed",
            hint="Free some space or choose another workspace with -w DIR.",
        )


def open_plain(path: Path) -> BufferedReader:
    """A regular file for reading; never a link, never a pipe that one would wait for. Raises OSError."""
    flags = os.O_RDONLY | _no_follow() | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    stream = os.fdopen(os.open(path, flags), "rb")
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise OSError(f"{path.name} is not a regular file")
    return stream


def storage_error(path: Path, error: OSError) -> StorageFailed | NoSpace:
    """Our error for an operating-system error at a path."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace(f"No space left for {path}", hint="Free some space; nothing half was written.")
    return StorageFailed(
        f"{path}: {error.strerror or error}",
        hint="Check that the folder exists and that you may write there.",
    )


def _no_follow() -> int:
    return getattr(os, "O_NOFOLLOW", 0)


def _me(path: Path) -> str:
    """The owner's name where the platform has owners, else whatever the path says (so that nothing changes)."""
    if os.name != "posix":
        return ""
    import pwd  # POSIX only

    return pwd.getpwuid(os.getuid()).pw_name
