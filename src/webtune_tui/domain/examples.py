"""Chat training examples, and the one JSON form in which they are stored, hashed and exported."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

ROW_KEYS = ("tools", "parallel_tool_calls")
"""Keys of a chat row beside ``messages``; an example keeps them in the extras of its first message."""

REJECTED = "rejected"
"""The extra of the last assistant message that holds the other answer of a preference pair."""


class Split(StrEnum):
    """Which use an example serves; the test split is frozen before the first training."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Message:
    """One chat turn. ``weight`` 0 means: not trained on (assistant turns only)."""

    role: str
    content: str
    weight: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The message as the chat APIs take it."""
        body: dict[str, Any] = {"role": self.role, "content": self.content}
        if self.weight is not None:
            body["weight"] = self.weight
        return body | dict(self.extra)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Message:
        """The message of a parsed JSON object; keys that we do not know are kept in ``extra``."""
        content = body.get("content")
        weight = body.get("weight")
        return cls(
            role=str(body.get("role", "")),
            content=content if isinstance(content, str) else "",
            weight=weight if isinstance(weight, int) else None,
            extra={key: value for key, value in body.items() if key not in ("role", "content", "weight")},
        )


@dataclass(frozen=True, slots=True)
class Example:
    """One chat training example with its lineage.

    ``record_ids`` are workspace rows; ``tokens`` counts the whole example in the dataset's encoding;
    ``flags`` are short findings such as ``cut`` or ``edited``; ``group`` joins near-duplicates, which share a split.
    """

    example_id: str
    split: Split
    messages: tuple[Message, ...]
    tokens: int = 0
    flags: tuple[str, ...] = ()
    record_ids: tuple[int, ...] = ()
    group: str = ""
    source: str = ""

    @property
    def prompt(self) -> str:
        """The last user message."""
        return next((m.content for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def answer(self) -> str:
        """The last assistant message: what the model learns to say."""
        return next((m.content for m in reversed(self.messages) if m.role == "assistant"), "")

    @property
    def system(self) -> str:
        """The first system message, or the empty text."""
        return next((m.content for m in self.messages if m.role == "system"), "")


def chat_row(messages: Sequence[Message]) -> dict[str, Any]:
    """The row of a chat JSONL: the messages, and beside them what the row says of tools."""
    bodies = [message.to_json() for message in messages]
    beside = {key: body.pop(key) for body in bodies[:1] for key in ROW_KEYS if key in body}
    return {"messages": bodies} | beside


def encode_messages(messages: Sequence[Message]) -> str:
    """The canonical JSON of the messages: sorted keys, no spaces, UTF-8 text as it is."""
    return json.dumps(
        [message.to_json() for message in messages], ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )


def decode_messages(text: str) -> tuple[Message, ...]:
    """The messages of :func:`encode_messages`."""
    return tuple(Message.from_json(body) for body in json.loads(text))


def body_digest(messages_json: str, split: str) -> int:
    """A 512-bit number for one example's content and split; see :class:`ContentSum`."""
    payload = f"{split!s}\n{messages_json}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(payload, digest_size=64).digest(), "big")


def body_digest_of_bytes(messages_json: bytes, split: str) -> int:
    """As :func:`body_digest`, from the bytes as they are stored."""
    return int.from_bytes(hashlib.blake2b(b"%s\n%s" % (split.encode(), messages_json), digest_size=64).digest(), "big")


@dataclass(frozen=True, slots=True)
class ContentSum:
    """A multiset hash: the order of examples does not matter and one edit costs one addition.

    The sum modulo 2**512 of the examples' digests is the set-hash of Clarke et al. (2003), *Incremental
    Multiset Hash Functions*; it lets an edit in a million examples name the new version at once.
    """

    total: int = 0
    count: int = 0

    def add(self, digest: int) -> ContentSum:
        """The sum with one more example."""
        return ContentSum((self.total + digest) % (1 << 512), self.count + 1)

    def remove(self, digest: int) -> ContentSum:
        """The sum without an example that it holds."""
        return ContentSum((self.total - digest) % (1 << 512), self.count - 1)

    def hexdigest(self) -> str:
        """The content hash: 64 hex characters."""
        payload = self.count.to_bytes(8, "big") + self.total.to_bytes(64, "big")
        return hashlib.blake2b(payload, digest_size=32).hexdigest()
