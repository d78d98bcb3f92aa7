"""Unsaved edits of examples, kept in the workspace so that a crash or a lost connection takes nothing away."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from webtune_tui.domain import clock
from webtune_tui.domain.errors import InvalidInput
from webtune_tui.domain.limits import MEGABYTE
from webtune_tui.storage.files import make_folder, storage_error, write_text

_LARGEST = 64 * MEGABYTE


@dataclass(frozen=True, slots=True)
class EditDraft:
    """What a person typed into an example and did not save: message number (from 0) -> text.

    ``base`` is the canonical JSON of the messages that the edit began with, ``saved_at`` RFC 3339 UTC.
    """

    example_id: str
    base: str
    texts: Mapping[int, str]
    saved_at: str = field(default_factory=clock.now)


class EditDrafts:
    """The drafts of one workspace, a private file each. All methods block; call them in a thread."""

    def __init__(self, workspace: Path) -> None:
        self._folder = workspace / "drafts"

    def keep(self, draft: EditDraft) -> None:
        """Writes a draft in place of the one before. Raises StorageFailed, NoSpace."""
        make_folder(self._folder)
        body = {
            "example_id": draft.example_id,
            "base": draft.base,
            "texts": {str(number): text for number, text in draft.texts.items()},
            "saved_at": draft.saved_at,
        }
        write_text(self._path(draft.example_id), json.dumps(body))

    def of(self, example_id: str) -> EditDraft | None:
        """The draft of an example, or ``None``."""
        return _read(self._path(example_id))

    def newest(self) -> EditDraft | None:
        """The draft that was typed last, or ``None`` where nothing is unsaved."""
        drafts = (_read(path) for path in self._folder.glob("*.json"))
        return max((draft for draft in drafts if draft), key=lambda draft: draft.saved_at, default=None)

    def forget(self, example_id: str) -> None:
        """Removes the draft of an example, if there is one. Raises StorageFailed."""
        _remove(self._path(example_id))

    def write_outside(self, example_id: str, text: str) -> Path:
        """Writes a text for the person's own editor and answers its file. Raises StorageFailed, NoSpace."""
        make_folder(self._folder)
        path = self._path(example_id).with_suffix(".txt")
        write_text(path, text)
        return path

    def left_outside(self, example_id: str) -> Path | None:
        """The file of an editor that was still open when the app was killed, if there is one."""
        path = self._path(example_id).with_suffix(".txt")
        return path if path.is_file() else None

    def forget_outside(self, path: Path) -> None:
        """Removes the file of an editor. Raises StorageFailed."""
        _remove(path)

    def read_outside(self, path: Path) -> str:
        """What the person's editor left.

        Raises:
            InvalidInput: it is gone, too large or not UTF-8.
        """
        try:
            with path.open("rb") as stream:
                written = stream.read(_LARGEST + 1)
        except OSError as error:
            raise InvalidInput(f"{path} can't be read: {error}", hint="Save it under its own name.") from error
        if len(written) > _LARGEST:
            raise InvalidInput(f"{path} is larger than {_LARGEST:,} bytes", hint="Shorten it.")
        try:
            return written.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{path} is not UTF-8 at byte {error.start}", hint="Save it as UTF-8.") from error

    def _path(self, example_id: str) -> Path:
        return self._folder / f"{draft_name(example_id)}.json"


def draft_name(example_id: str) -> str:
    """What the files of an example's draft are called, without their ends."""
    return hashlib.blake2b(example_id.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise storage_error(path, error) from error


def _read(path: Path) -> EditDraft | None:
    """A draft file; a damaged one counts as none, since it never was the only copy of an example."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        texts = {int(number): str(text) for number, text in body["texts"].items()}
        return EditDraft(str(body["example_id"]), str(body["base"]), texts, str(body["saved_at"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
