"""Placeholders for what is private: the same value gets the same one in all texts of a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from webtune_tui.pipeline.private_data.finder import find
from webtune_tui.pipeline.private_data.folding import PLACEHOLDER
from webtune_tui.pipeline.private_data.hits import Hit
from webtune_tui.pipeline.private_data.values import same_value

REDACT, DROP, KEEP = "redact", "drop", "keep"
POLICIES = (REDACT, DROP, KEEP)
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Redacted:
    """Texts with placeholders, the kind of each placeholder set, and the kind for which the record is to be dropped."""

    texts: tuple[str, ...]
    placeholders: Mapping[str, str] = field(default_factory=dict)
    dropped_kind: str | None = None


def redact(texts: Sequence[str], policy: Mapping[str, str], fields: Sequence[str] = ()) -> Redacted:
    """The texts of one record without what the policy does not keep; kinds that it does not name are redacted.

    A kind with one value becomes ``[KIND]``, with several ``[KIND_1]``, ``[KIND_2]`` by first appearance. Literal
    placeholders in the texts stay, and new ones get numbers after theirs. Doing it twice changes nothing.
    ``fields`` are the names of the fields that hold the texts.
    """
    names = list(fields) or [""] * len(texts)
    current = list(texts)
    issued = _Issued(current)
    pending = list(range(len(current)))
    for _ in range(_ROUNDS):  # a number beside a find may stand alone, and be found, once that is a placeholder
        hits = {index: _wanted(find(current[index], names[index]), policy) for index in pending}
        pending = [index for index in pending if hits[index]]
        if not pending:
            break
        dropped = next((h.kind for index in pending for h in hits[index] if policy.get(h.kind, REDACT) == DROP), None)
        if dropped:
            return Redacted(tuple(texts), dropped_kind=dropped)
        issued.give(current, hits)
        for index in pending:
            current[index] = _replaced(current[index], hits[index], issued)
    return Redacted(tuple(current), dict(issued.kinds))


def _wanted(hits: list[Hit], policy: Mapping[str, str]) -> list[Hit]:
    return [hit for hit in hits if policy.get(hit.kind, REDACT) != KEEP]


def _replaced(text: str, hits: list[Hit], issued: _Issued) -> str:
    pieces: list[str] = []
    place = 0
    for hit in hits:
        pieces += text[place : hit.start], issued.placeholder(hit.kind, text[hit.start : hit.end])
        place = hit.end
    return "".join(pieces) + text[place:]


class _Issued:
    """The placeholders of one record: which value has which, and which names are taken by the texts themselves."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.kinds: dict[str, str] = {}
        self._of_value: dict[tuple[str, str], str] = {}
        self._highest: dict[str, int] = {}
        for text in texts:
            if "[" in text:
                for match in PLACEHOLDER.finditer(text):
                    self._take(match[1], int(match[2] or 0))

    def _take(self, word: str, number: int) -> None:
        self._highest[word] = max(number, self._highest.get(word, 0))

    def give(self, texts: Sequence[str], hits: Mapping[int, list[Hit]]) -> None:
        """A placeholder for each new value, in the order of first appearance."""
        new: dict[str, dict[tuple[str, str], None]] = {}
        for index in sorted(hits):
            for hit in hits[index]:
                value = (hit.kind, same_value(hit.kind, texts[index][hit.start : hit.end]))
                if value not in self._of_value:
                    new.setdefault(hit.kind, {})[value] = None
        for kind, values in new.items():
            word = kind.upper()
            is_only = len(values) == 1 and word not in self._highest
            for value in values:
                number = 0 if is_only else self._highest.get(word, 0) + 1
                self._take(word, number)
                name = f"[{word}_{number}]" if number else f"[{word}]"
                self._of_value[value] = name
                self.kinds[name] = kind

    def placeholder(self, kind: str, found: str) -> str:
        """The placeholder of a value that was given one."""
        return self._of_value[kind, same_value(kind, found)]
