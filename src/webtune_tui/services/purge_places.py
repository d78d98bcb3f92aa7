"""Removing a whole workspace, or what is cached on this machine for all of them."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from webtune_tui.domain.erasure import PlacesRemoved, RemovedPath
from webtune_tui.domain.errors import NotFound, TryLater, UsageError
from webtune_tui.services.local_work import jobs_at_work, server_pid
from webtune_tui.storage.files import storage_error
from webtune_tui.storage.workspace_removal import is_workspace, lock_of, ours, writing_alone


@dataclass(frozen=True, slots=True)
class WorkspaceRemoval:
    """What goes with a workspace: ``paths`` with their sizes; ``foreign`` files lie in its folder and stay."""

    root: Path
    paths: Sequence[RemovedPath]
    foreign: Sequence[str]

    @property
    def bytes(self) -> int:
        """The size of all that goes."""
        return sum(one.bytes for one in self.paths)


async def look_at_workspace(root: Path) -> WorkspaceRemoval:
    """What would go with a workspace. Raises NotFound, UsageError where the folder is none of ours."""
    return await asyncio.to_thread(_look, root)


async def remove_workspace(root: Path) -> PlacesRemoved:
    """Removes a workspace; files in its folder that are not of webtune stay, and are named.

    Raises:
        UsageError: the folder is no workspace. WorkspaceBusy: another process writes to it.
        TryLater: a job runs in it.
    """
    return await asyncio.to_thread(_remove_workspace, root)


async def look_at_caches(cache: Path) -> Sequence[RemovedPath]:
    """What is cached on this machine, with sizes in bytes."""
    return await asyncio.to_thread(_sizes, _children(cache))


async def remove_caches(cache: Path) -> PlacesRemoved:
    """Removes everything below the cache folder; all of it can be fetched again. Raises StorageFailed."""

    def remove() -> PlacesRemoved:
        found = _sizes(_children(cache))
        for one in found:
            _remove(Path(one.path))
        return PlacesRemoved(found)

    return await asyncio.to_thread(remove)


def _look(root: Path) -> WorkspaceRemoval:
    if not root.exists():
        raise NotFound(f"There is no workspace {root}", hint="Name one with -w DIR.")
    if root.is_symlink() or not is_workspace(root):
        raise UsageError(f"{root} is no workspace of webtune; nothing was removed", hint="Name one with -w DIR.")
    mine = ours(root)
    foreign = sorted(path.name for path in root.iterdir() if path not in mine)
    return WorkspaceRemoval(root, _sizes(mine), foreign)


def _remove_workspace(root: Path) -> PlacesRemoved:
    found = _look(root)
    with writing_alone(root):
        if working := jobs_at_work(root / "jobs"):
            raise TryLater(
                f"{', '.join(working)} runs in {root}", hint=f"Stop it first: webtune jobs cancel {working[0]}"
            )
        server = server_pid(root / "jobs")
        for path in ours(root):  # the database comes last: until then it is still told for a workspace
            if path != lock_of(root):
                _remove(path)
    _remove(lock_of(root))
    left = [f"{root / name} is not of webtune" for name in found.foreign]
    if server is not None:
        left.append(f"The local engine (pid {server}) ends by itself when it is idle")
    if not any(root.iterdir()):
        root.rmdir()
    return PlacesRemoved(found.paths, left)


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []


def _sizes(paths: Sequence[Path]) -> list[RemovedPath]:
    return [RemovedPath(str(path), _size(path)) for path in paths if os.path.lexists(path)]


def _size(path: Path) -> int:
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_size
    return sum((Path(parent) / name).lstat().st_size for parent, _, names in os.walk(path) for name in names)


def _remove(path: Path) -> None:
    try:
        if path.is_symlink() or not path.is_dir():
            path.unlink(missing_ok=True)
        else:
            shutil.rmtree(path)
    except OSError as error:
        raise storage_error(path, error) from error
