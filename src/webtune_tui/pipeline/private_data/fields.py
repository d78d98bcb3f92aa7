"""The texts in a record's fields, also in lists and objects: where they are, and the fields with other texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from webtune_tui.pipeline.private_data.finder import find
from webtune_tui.pipeline.private_data.labels import CARD, NETWORK, PRODUCT, VERSION, field_label

_DEEPEST = 60
_LONGEST_NAME = 80
_TEXT_ALONE = frozenset({str})
_NO_PERSON = ("", NETWORK, PRODUCT, VERSION)


class FieldText(NamedTuple):
    """A text of a record: its path (``contact.phones[0]``) and the name that says what it is."""

    path: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class FoundIn:
    """A find in a record's field. ``masked`` shows only its ends."""

    field_path: str
    kind: str
    start: int
    end: int
    masked: str


def field_texts(fields: Mapping[str, Any], wanted: tuple[str, ...] = ()) -> list[FieldText]:
    """The texts of the wanted fields (none: of all), and the numbers whose name says telephone, card or id."""
    found: list[FieldText] = []
    for name in wanted or fields:
        if name in fields:
            _collect(fields[name], name, name, 0, found)
    return found


def plain_texts(fields: Mapping[str, Any], wanted: tuple[str, ...] = ()) -> list[str]:
    """The texts alone of what :func:`field_texts` gives, at a fraction of its cost."""
    found: list[str] = []
    for name in wanted or fields:
        value = fields.get(name)
        if type(value) is str:
            found.append(value)
        elif type(value) is list and _TEXT_ALONE.issuperset(map(type, value)):
            found += value
        elif value is not None:
            collected: list[FieldText] = []
            _collect(value, name, name, 0, collected)
            found += [one.text for one in collected]
    return found


def _collect(value: Any, path: str, name: str, depth: int, found: list[FieldText]) -> None:
    if isinstance(value, str):
        found.append(FieldText(path, name, value))
    elif depth > _DEEPEST or value is None or isinstance(value, bool):
        return
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            _collect(inner, f"{path}[{index}]", name, depth + 1, found)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            _collect(inner, f"{path}.{key}", _name_of(str(key), name), depth + 1, found)
    elif is_number_of_a_person(value, name):
        found.append(FieldText(path, name, str(value)))


def is_number_of_a_person(value: Any, name: str) -> bool:
    """Whether a JSON number stands in a field whose name says telephone, card or id."""
    return isinstance(value, int) and not isinstance(value, bool) and field_label(name) not in _NO_PERSON


def with_texts(fields: Mapping[str, Any], wanted: tuple[str, ...], texts: Iterable[str]) -> dict[str, Any]:
    """The fields with other texts, given in the order of ``field_texts``; the fields as they came are left alone."""
    remaining = iter(texts)
    return {**fields, **{name: _with(fields[name], name, remaining, 0) for name in wanted or fields if name in fields}}


def _with(value: Any, name: str, remaining: Iterator[str], depth: int) -> Any:
    if isinstance(value, str):
        return next(remaining)
    if depth > _DEEPEST or value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return {key: _with(inner, _name_of(str(key), name), remaining, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_with(inner, name, remaining, depth + 1) for inner in value]
    if not is_number_of_a_person(value, name):
        return value
    text = next(remaining)
    return value if text == str(value) else text


def _name_of(key: str, outer: str) -> str:
    """What says what an inner value is: its own name, after the outer one where it says nothing."""
    return key if field_label(key) else f"{outer} {key}"[-_LONGEST_NAME:]


def hits_of(fields: Mapping[str, Any], wanted: tuple[str, ...] = ()) -> list[FoundIn]:
    """Every find in the wanted fields, for a record's view."""
    return [
        FoundIn(found.path, hit.kind, hit.start, hit.end, masked(hit.kind, found.text[hit.start : hit.end]))
        for found in field_texts(fields, wanted)
        for hit in find(found.text, found.name)
    ]


def masked(kind: str, value: str) -> str:
    """A value that can be recognised and not be used: ``j…@e…``, or only its ends."""
    if kind == "email" and "@" in value:
        local, _, domain = value.partition("@")
        return f"{local[:1]}…@{domain[:1]}…"
    if kind in (CARD, "iban"):
        return f"…{value[-4:]}"
    return f"{value[:2]}…{value[-2:]}" if len(value) >= 8 else f"{value[:1]}…"
