"""What the paths of an import name: files, folders, patterns such as ``data/**/*.csv``, and ``-`` for stdin."""

from __future__ import annotations

import glob
import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from webtune_tui.domain.errors import InvalidInput, UsageError
from webtune_tui.domain.limits import ReadLimits

STDIN = Path("-")
_MATCHES_PER_FILE = 4  # a pattern may fit folders too


def require_all(paths: Sequence[Path]) -> None:
    """Raises UsageError for a path that does not exist and a pattern that nothing fits."""
    for path in paths:
        if path == STDIN or path.expanduser().exists():
            continue
        if not glob.has_magic(str(path)):
            raise UsageError(f"{path} does not exist", hint="Check the path.")
        if not _matches(path, 1):
            raise UsageError(f"Nothing fits {path}", hint="Check the pattern; ** stands for any folders.")


def expand(paths: Sequence[Path], limits: ReadLimits) -> list[Path]:
    """The files that the paths name, absolute, those of folders and patterns in the order of their names.

    Raises:
        UsageError: a path does not exist, or they name too many files. InvalidInput: there are no files in them.
    """
    require_all(paths)
    found: list[Path] = []
    for path in paths:
        for file in _files_named(path, limits):
            found.append(file)
            if len(found) > limits.members:
                raise _too_many(path, limits)
    if not found:
        named = paths[0] if paths else "Nothing"
        raise InvalidInput(f"{named} holds no files", hint="Name files or folders with files.")
    return found


def _too_many(path: Path, limits: ReadLimits) -> UsageError:
    return UsageError(
        f"{path} holds more than {limits.members:,} files",
        hint="Import a part of it, or raise members in [limits] of webtune.toml.",
    )


def _files_named(path: Path, limits: ReadLimits) -> Iterator[Path]:
    if path == STDIN:
        yield path
        return
    absolute = path.expanduser().absolute()
    if absolute.exists() or not glob.has_magic(str(path)):
        yield from _files_of(absolute) if absolute.is_dir() else [absolute]
        return
    most = _MATCHES_PER_FILE * limits.members
    matches, seen = _matches(path, most + 1), set[Path]()
    if len(matches) > most:
        raise _too_many(path, limits)
    for match in sorted(matches):
        for file in _files_of(match) if match.is_dir() else [match]:
            if file not in seen:
                seen.add(file)
                yield file


def _matches(pattern: Path, most: int) -> list[Path]:
    """The first things that fit a pattern; hidden ones are left out, as a shell does."""
    absolute = str(pattern.expanduser().absolute())
    found = glob.iglob(absolute, recursive=True)  # noqa: PTH207 - Path.glob takes hidden files too
    return [Path(name) for name in itertools.islice(found, most)]


def _files_of(folder: Path) -> Iterator[Path]:
    """The files below a folder; hidden ones and links to elsewhere are left out.

    A folder that can't be listed stands for itself, so that it is named with the reason.
    """
    closed: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=closed.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if not name.startswith(".") and not path.is_symlink():
                yield path
    yield from (Path(error.filename) for error in closed)
