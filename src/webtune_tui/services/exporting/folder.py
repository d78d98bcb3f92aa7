"""The folder of an export: written beside its place, put there at once, known again by its manifest. Blocking."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from webtune_tui.domain.errors import InvalidInput
from webtune_tui.storage.files import atomic_writer, make_folder, storage_error, sync_folder

_MANIFEST = "manifest.json"


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder to write into; it takes the place of an earlier export when the block ends well, else it is gone.

    Raises:
        StorageFailed, NoSpace: it can't be written. InvalidInput: the place holds something else than an export.
    """
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(f"{folder} is no folder", hint="Choose an empty folder with --out DIR.")
    if folder.exists() and any(folder.iterdir()) and not (folder / _MANIFEST).exists():
        raise InvalidInput(f"{folder} is not empty", hint="Choose an empty folder with --out DIR.")
    make_folder(folder.parent)
    part = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
    try:
        make_folder(part)
        yield part
        _put_in_place(part, folder)
    except OSError as error:
        raise storage_error(folder, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_manifest(folder: Path, told: Mapping[str, Any]) -> None:
    """What an export says of itself, with the bytes of each of its files."""
    manifest = {**told, "bytes": _sizes(folder)}
    with atomic_writer(folder / _MANIFEST) as stream:
        stream.write(json.dumps(manifest, indent=1).encode())


def found_manifest(folder: Path, wanted: Mapping[str, Any]) -> dict[str, Any] | None:
    """The manifest of an export that stands there whole and was made of the very same; ``None`` for any other."""
    try:
        found = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        if not isinstance(found, dict) or any(found.get(name) != value for name, value in wanted.items()):
            return None
        return found if found.get("bytes") == _sizes(folder, among=found["bytes"]) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _sizes(folder: Path, among: Mapping[str, Any] | None = None) -> dict[str, int]:
    names = sorted(among if among is not None else (path.name for path in folder.iterdir()))
    return {name: (folder / name).stat().st_size for name in names if name != _MANIFEST}


def _put_in_place(part: Path, folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        old = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.old")
        folder.rename(old)
        part.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    else:
        if folder.exists():
            folder.rmdir()
        part.rename(folder)
    sync_folder(folder.parent)
