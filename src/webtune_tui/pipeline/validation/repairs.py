"""Mends a row in the form that providers take, and counts what it did by kind.

Kinds: ``unknown_key`` (removed), ``role`` (human, gpt and their like), ``weight`` (a wrong one made right or removed),
``special_token`` (written so that no model obeys it), ``personal_data`` (replaced by placeholders, only when wanted).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webtune_tui.domain.examples import ROW_KEYS
from webtune_tui.pipeline.cleaning.model_tokens import neutralised
from webtune_tui.pipeline.formats.sharegpt import role_of
from webtune_tui.pipeline.validation.chat_checks import CHAT_KEYS, MESSAGE_KEYS, PAIR_KEYS, ROLES, is_weight
from webtune_tui.pipeline.validation.forms import PREFERENCE

Redact = Callable[[Sequence[str]], tuple[Sequence[str], int]]
"""The texts of a row without personal data, and how many finds there were."""

_WEIGHTS = {True: 1, False: 0, "0": 0, "1": 1, "0.0": 0, "1.0": 1}
_ANSWERS = ("preferred_output", "non_preferred_output")
_RENAMED = (("from", "role"), ("value", "content"))
_TEXTS = ("content", "text", "arguments")
"""Keys of messages, of parts and of called functions whose texts may hold personal data."""


@dataclass(frozen=True, slots=True)
class Mender:
    """Repairs rows. ``redact`` replaces the personal data of a row's texts; without it that stays."""

    redact: Redact | None = None

    def mend(self, row: Mapping[str, Any], form: str, done: Counter[str]) -> dict[str, Any]:
        """The row as far as it can be repaired; ``done`` counts each change. What is beyond repair stays as it is."""
        if form != PREFERENCE:
            mended = _with_messages(_known(row, CHAT_KEYS, done), ("messages",), done)
        else:
            mended = _with_messages(_known(row, PAIR_KEYS, done), _ANSWERS, done)
            if isinstance(asked := mended.get("input"), Mapping):
                mended["input"] = _with_messages(_known(asked, CHAT_KEYS, done), ("messages",), done)
        return mended

    def redacted(self, row: dict[str, Any], done: Counter[str]) -> dict[str, Any]:
        """The row without personal data, where that is wanted: apart, since only rows that stay are worth it."""
        if self.redact is None:
            return row
        left, finds = self.redact(list(_texts_in(row)))
        if not finds:
            return row
        done["personal_data"] += finds
        replaced: dict[str, Any] = _with_texts(row, iter(left))
        return replaced


def _with_messages(row: dict[str, Any], keys: Sequence[str], done: Counter[str]) -> dict[str, Any]:
    lists = {key: [_mended(one, done) for one in row[key]] for key in keys if isinstance(row.get(key), list)}
    return row | lists


def _mended(message: Any, done: Counter[str]) -> Any:
    if not isinstance(message, dict):
        return message
    for old, new in _RENAMED:
        if new not in message and old in message:
            message = {new if key == old else key: value for key, value in message.items()}
    mended = _known(message, MESSAGE_KEYS, done)
    role = mended.get("role")
    if isinstance(role, str) and role not in ROLES and (known := role_of(role.lower())) in ROLES:
        mended["role"] = known
        done["role"] += 1
    _mend_weight(mended, done)
    content = mended.get("content")
    if isinstance(content, str):
        mended["content"] = _obeyed_by_none(content, done)
    elif isinstance(content, list):
        mended["content"] = [_mended_part(part, done) for part in content]
    return mended


def _mended_part(part: Any, done: Counter[str]) -> Any:
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        return part | {"text": _obeyed_by_none(part["text"], done)}
    return part


def _known(body: Mapping[str, Any], keys: frozenset[str], done: Counter[str]) -> dict[str, Any]:
    kept = {key: value for key, value in body.items() if key in keys}
    # loaders of tables fill what a row hasn't with nulls, which providers refuse
    kept = {key: value for key, value in kept.items() if value is not None or key not in (*ROW_KEYS, "name", "weight")}
    if len(kept) < len(body):
        done["unknown_key"] += len(body) - len(kept)
    return kept


def _mend_weight(message: dict[str, Any], done: Counter[str]) -> None:
    if "weight" not in message or is_weight(message):
        return
    weight = message.pop("weight")
    done["weight"] += 1
    if message.get("role") == "assistant" and isinstance(weight, bool | str | float) and weight in _WEIGHTS:
        message["weight"] = _WEIGHTS[weight]


def _obeyed_by_none(text: str, done: Counter[str]) -> str:
    removed: Counter[str] = Counter()
    text = neutralised(text, removed)
    if removed:
        done["special_token"] += removed.total()
    return text


def _texts_in(value: Any) -> Iterator[str]:
    """The texts of a row that may hold personal data, in order."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in _TEXTS and isinstance(item, str):
                yield item
            else:
                yield from _texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts_in(item)


def _with_texts(value: Any, texts: Iterator[str]) -> Any:
    """The same with other texts in the places of :func:`_texts_in`."""
    if isinstance(value, dict):
        return {
            key: next(texts) if key in _TEXTS and isinstance(item, str) else _with_texts(item, texts)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_with_texts(item, texts) for item in value]
    return value
