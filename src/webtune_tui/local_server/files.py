"""Uploaded files: one folder each, complete from the moment it can be seen."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from webtune_tui.local_server.openai_objects import ApiError, Json, file_object, invalid, missing
from webtune_tui.local_server.private_files import (
    create_private,
    make_private_folder,
    read_json,
    remove_unfinished,
    sync_folder,
    write_json,
)

LARGEST_FILE = 512 * 1024 * 1024
_FILE_ID = re.compile(r"file-[a-z0-9-]{3,90}")


@dataclass(frozen=True)
class StoredFile:
    """A file that the API knows; `path` is where its bytes are."""

    id: str
    path: Path
    filename: str
    purpose: str
    created_at: int

    def as_json(self) -> Json:
        """Return the file as OpenAI's object."""
        return file_object(
            self.id,
            size=self.path.stat().st_size,
            created_at=self.created_at,
            filename=self.filename,
            purpose=self.purpose,
        )


class FileStore:
    """Uploads below `folder`, and the files that jobs `produced`."""

    def __init__(self, folder: Path, produced: Callable[[], Iterable[StoredFile]]) -> None:
        self.folder = make_private_folder(folder)
        remove_unfinished(self.folder)
        self._produced = produced

    async def save(self, chunks: AsyncIterator[bytes], filename: str, purpose: str) -> StoredFile:
        """Keep an upload.

        Raises:
            ApiError: the purpose is not for tuning, the name is no .jsonl, or the file is empty or too large.
        """
        if purpose != "fine-tune":
            raise invalid(f"'{purpose}' is not a purpose here; only 'fine-tune' is.", param="purpose")
        if not filename.lower().endswith(".jsonl"):
            raise invalid(f"'{filename[:120]}' is no .jsonl file.", code="invalid_file_format", param="file")
        file_id = f"file-{secrets.token_hex(12)}"
        unfinished = make_private_folder(self.folder / f".new-{file_id}")
        try:
            size = await _write(chunks, unfinished / "content")
            if size == 0:
                raise invalid("The file is empty.", code="empty_file", param="file")
            write_json(
                unfinished / "file.json",
                {"filename": Path(filename).name, "purpose": purpose, "created_at": int(time.time())},
            )
            unfinished.rename(self.folder / file_id)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        sync_folder(self.folder)
        return self.find(file_id)

    def all(self) -> list[StoredFile]:
        """Return every file, newest first."""
        uploads = (self._uploaded(folder.name) for folder in self.folder.glob("file-*"))
        known = [*(file for file in uploads if file is not None), *self._produced()]
        return sorted(known, key=lambda file: (file.created_at, file.id), reverse=True)

    def find(self, file_id: str) -> StoredFile:
        """Return one file.

        Raises:
            ApiError: there is none of that id.
        """
        if _FILE_ID.fullmatch(file_id):
            produced = next((file for file in self._produced() if file.id == file_id), None)
            found = produced or self._uploaded(file_id)
            if found is not None:
                return found
        raise missing("file", file_id)

    def delete(self, file_id: str) -> None:
        """Remove an upload; jobs keep their own copy.

        Raises:
            ApiError: there is none of that id, or it is the result of a job.
        """
        file = self.find(file_id)
        if file.purpose != "fine-tune":
            raise invalid("The result of a job is removed with its job folder.", code="not_deletable")
        doomed = self.folder / f".old-{file_id}"
        file.path.parent.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)

    def _uploaded(self, file_id: str) -> StoredFile | None:
        folder = self.folder / file_id
        note = read_json(folder / "file.json")
        if note is None or not (folder / "content").is_file():
            return None
        return StoredFile(file_id, folder / "content", note["filename"], note["purpose"], note["created_at"])


async def _write(chunks: AsyncIterator[bytes], path: Path) -> int:
    size = 0
    with os.fdopen(create_private(path), "wb") as handle:
        async for chunk in chunks:
            size += len(chunk)
            if size > LARGEST_FILE:
                raise ApiError(413, f"The file is larger than {LARGEST_FILE} bytes.", code="file_too_large")
            handle.write(chunk)
    return size
