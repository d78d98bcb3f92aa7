"""Removing the raw folder of a collection in a way that a kill can't leave half done. Every call blocks.

The folder is renamed aside before the collection leaves the database and removed after that. What an interrupted
deletion left is told by the database alone: where the collection is still there the folder goes back, else it goes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from webtune_tui.domain.errors import StorageFailed
from webtune_tui.storage.files import make_folder, storage_error, sync_folder

_ASIDE = ".deleted"


def set_aside(folder: Path) -> Path | None:
    """Renames a raw folder out of the way; answers where it is now, if there was one. Raises StorageFailed."""
    aside = folder.parent / _ASIDE / folder.name
    if not os.path.lexists(folder):
        return None
    make_folder(aside.parent)
    try:
        folder.rename(aside)
        sync_folder(aside.parent)
        sync_folder(folder.parent)
    except OSError as error:
        raise storage_error(folder, error) from error
    return aside


def put_back(aside: Path) -> None:
    """Gives a folder that was set aside its name again. Raises StorageFailed."""
    folder = aside.parent.parent / aside.name
    try:
        aside.rename(folder)
        sync_folder(folder.parent)
    except OSError as error:
        raise storage_error(folder, error) from error
    _remove_if_empty(aside.parent)


def discard(aside: Path) -> None:
    """Removes a folder that was set aside, with all that is in it. Raises StorageFailed."""
    try:
        if aside.is_symlink() or not aside.is_dir():
            aside.unlink()
        else:
            shutil.rmtree(aside)
    except OSError as error:
        raise storage_error(aside, error) from error
    _remove_if_empty(aside.parent)


def settle_interrupted(raw: Path, exists: Callable[[str], bool]) -> list[Path]:
    """Ends what deletions left that were killed; ``exists`` tells whether the workspace still has a collection.

    Answers the folders that can't be moved or removed now.
    """
    parent = raw / _ASIDE
    if not parent.is_dir():
        return []
    left = []
    for aside in sorted(parent.iterdir()):
        try:
            if exists(aside.name):
                put_back(aside)
            else:
                discard(aside)
        except StorageFailed:
            left.append(aside)
    _remove_if_empty(parent)
    return left


def size_of(folder: Path) -> int:
    """The bytes of all files below a folder; 0 where there is none."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            total += (Path(parent) / name).lstat().st_size
    return total


def _remove_if_empty(parent: Path) -> None:
    if parent.is_dir() and not any(parent.iterdir()):
        parent.rmdir()
