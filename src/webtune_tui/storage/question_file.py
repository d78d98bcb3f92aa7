"""Questions that models wrote, in ``generated/questions.jsonl``: one line for each step of each, synced when it is on.

A line that says ``sent`` is on disk before its request leaves, so that nothing is paid twice; the last line of a
question is what is known of it. A line that a kill cut off is passed over. Every call blocks.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path

from webtune_tui.storage.files import FILE_MODE, make_folder, open_plain, storage_error, sync_folder

NAME = "generated/questions.jsonl"


class QuestionState(StrEnum):
    """SENT without a later word means: perhaps paid. UNUSABLE was paid too, and is not asked again."""

    SENT = "sent"
    DONE = "done"
    UNUSABLE = "unusable"
    REFUSED = "refused"
    UNKNOWN = "unknown"


QuestionKey = tuple[str, str, str, str, int]


@dataclass(frozen=True, slots=True)
class QuestionLine:
    """What is known of one question. ``cost`` is USD, that of the estimate where the answer told no tokens."""

    example_id: str
    record_key: str
    record_hash: str
    provider: str
    model: str
    prompt_version: int
    run_id: str
    state: QuestionState
    time: str
    question: str = ""
    message: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0

    @property
    def key(self) -> QuestionKey:
        """What is asked only once: an example of a record as it is, a model and the words it is asked with."""
        return self.example_id, self.record_hash, self.provider, self.model, self.prompt_version


class QuestionFile:
    """The file of a workspace."""

    def __init__(self, root: Path) -> None:
        self.path = root / NAME

    def lines(self) -> Iterator[QuestionLine]:
        """Every readable line, oldest first; none where there is no file. Raises StorageFailed."""
        if not self.path.exists():
            return
        try:
            with open_plain(self.path) as stream:
                for raw in stream:
                    line = _parsed(raw)
                    if line is not None:
                        yield line
        except OSError as error:
            raise storage_error(self.path, error) from error

    def latest(self) -> dict[QuestionKey, QuestionLine]:
        """The last word on each question."""
        return {line.key: line for line in self.lines()}

    def append(self, line: QuestionLine) -> None:
        """Adds a line; it is on disk when this returns. Raises NoSpace, StorageFailed."""
        is_new = not self.path.exists()
        make_folder(self.path.parent)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        try:
            with os.fdopen(os.open(self.path, flags, FILE_MODE), "rb+", buffering=0) as stream:
                size = stream.seek(0, os.SEEK_END)
                is_cut = size > 0 and _last_byte(stream.fileno(), size) != b"\n"
                body = json.dumps(asdict(line), ensure_ascii=True).encode() + b"\n"
                _write_all(stream.fileno(), b"\n" + body if is_cut else body)
                os.fsync(stream.fileno())
            if is_new:
                sync_folder(self.path.parent)
        except OSError as error:
            raise storage_error(self.path, error) from error


def _last_byte(descriptor: int, size: int) -> bytes:
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _parsed(raw: bytes) -> QuestionLine | None:
    try:
        body = json.loads(raw)
        known = {field.name: body[field.name] for field in fields(QuestionLine) if field.name in body}
        line = QuestionLine(**{**known, "state": QuestionState(body["state"])})
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    texts = (line.example_id, line.record_key, line.record_hash, line.provider, line.model, line.question)
    numbers = (line.prompt_version, line.cost, line.input_tokens, line.output_tokens)
    is_sound = all(isinstance(text, str) for text in texts) and all(isinstance(one, int | float) for one in numbers)
    return line if is_sound else None
