"""Mends a row in the form that providers take, and counts what it did by kind.

Kinds: ``unknown_key`` (removed), ``role`` (human, gpt and their like), ``weight`` (a wrong one made right or removed),
``special_token`` (written so that no model obeys it), ``personal_data`` (replaced by placeholders, only when wanted).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from webtune_tui.domain.examples import ROW_KEYS
from webtune_tui.pipeline.cleaning import MODEL_TOKEN
from webtune_tui.pipeline.formats.sharegpt import role_of
from webtune_tui.pipeline.validation.chat_checks import CHAT_KEYS, MESSAGE_KEYS, PAIR_KEYS, ROLES, is_weight
from webtune_tui.pipeline.validation.forms import PREFERENCE

Redact = Callable[[str, "Placeholders"], str]
_SAID_ROLES = {"ai": "assistant", "model": "assistant", "bot": "assistant", "human": "user", "gpt": "assistant"}
_WEIGHTS = {True: 1, False: 0, "0": 0, "1": 1, "0.0": 0, "1.0": 1}


class Placeholders:
    """The placeholders of one row: the same text gets the same one, ``[EMAIL_1]``."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], str] = {}
        self._numbers: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()

    def of(self, kind: str, text: str) -> str:
        """The placeholder that takes the place of a text."""
        self.kinds[kind] += 1
        found = self._given.get((kind, text))
        if found is None:
            self._numbers[kind] += 1
            found = self._given[kind, text] = f"[{kind.upper()}_{self._numbers[kind]}]"
        return found


@dataclass(frozen=True, slots=True)
class Mender:
    """Repairs rows. ``redact`` replaces the personal data of a text; without it that stays."""

    redact: Redact | None = None

    def mend(self, row: Mapping[str, Any], form: str, done: Counter[str]) -> dict[str, Any]:
        """The row as far as it can be repaired; ``done`` counts each change. What is beyond repair stays as it is."""
        placeholders = Placeholders()
        mended = _known(row, PAIR_KEYS if form == PREFERENCE else CHAT_KEYS, done)
        if form == PREFERENCE:
            asked = mended.get("input")
            if isinstance(asked, Mapping):
                mended["input"] = self._list_in(_known(asked, CHAT_KEYS, done), "messages", done, placeholders)
            for name in ("preferred_output", "non_preferred_output"):
                mended = self._list_in(mended, name, done, placeholders)
        else:
            mended = self._list_in(mended, "messages", done, placeholders)
        if total := sum(placeholders.kinds.values()):
            done["personal_data"] += total
        return mended

    def _list_in(self, row: dict[str, Any], key: str, done: Counter[str], placeholders: Placeholders) -> dict[str, Any]:
        messages = row.get(key)
        if not isinstance(messages, list):
            return row
        return row | {key: [self._message(one, done, placeholders) for one in messages]}

    def _message(self, message: Any, done: Counter[str], placeholders: Placeholders) -> Any:
        if not isinstance(message, dict):
            return message
        if "role" not in message and "from" in message:
            message = {"role" if key == "from" else key: value for key, value in message.items()}
        if "content" not in message and "value" in message:
            message = {"content" if key == "value" else key: value for key, value in message.items()}
        mended = _known(message, MESSAGE_KEYS, done)
        role = mended.get("role")
        if isinstance(role, str) and role not in ROLES and (known := _role(role)) in ROLES:
            mended["role"] = known
            done["role"] += 1
        _mend_weight(mended, done)
        content = mended.get("content")
        if isinstance(content, str):
            mended["content"] = self._text(content, done, placeholders)
        elif isinstance(content, list):
            mended["content"] = [self._part(part, done, placeholders) for part in content]
        return mended

    def _part(self, part: Any, done: Counter[str], placeholders: Placeholders) -> Any:
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            return part | {"text": self._text(part["text"], done, placeholders)}
        return part

    def _text(self, text: str, done: Counter[str], placeholders: Placeholders) -> str:
        if "<" in text or "[" in text:
            text, count = MODEL_TOKEN.subn(_neutral, text)
            if count:
                done["special_token"] += count
        return self.redact(text, placeholders) if self.redact is not None else text


def _known(body: Mapping[str, Any], keys: frozenset[str], done: Counter[str]) -> dict[str, Any]:
    kept = {key: value for key, value in body.items() if key in keys}
    # loaders of tables fill what a row hasn't with nulls, which providers refuse
    kept = {key: value for key, value in kept.items() if value is not None or key not in (*ROW_KEYS, "name", "weight")}
    if len(kept) < len(body):
        done["unknown_key"] += len(body) - len(kept)
    return kept


def _role(role: str) -> str:
    name = role.strip().lower()
    return _SAID_ROLES.get(name, role_of(name))


def _mend_weight(message: dict[str, Any], done: Counter[str]) -> None:
    if "weight" not in message or is_weight(message):
        return
    weight = message.pop("weight")
    done["weight"] += 1
    if message.get("role") == "assistant" and isinstance(weight, bool | str | float) and weight in _WEIGHTS:
        message["weight"] = _WEIGHTS[weight]


def _neutral(match: Any) -> str:
    return f"({next(group for group in match.groups() if group)})"
