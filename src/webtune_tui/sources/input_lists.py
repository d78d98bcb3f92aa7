"""Inputs that a person pastes: one value a line, CSV with a header, JSON or JSON lines; and what is off with each."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webtune_tui.sources.base import ScraperDoor, ScraperInput

_ADDRESS = re.compile(r"https?://[^\s/]+", re.IGNORECASE)
_DELIMITERS = ("\t", ",", ";")
_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class GivenInput:
    """One input of a list. ``line`` counts from 1; ``fault`` says why it can't be sent, empty where it can."""

    line: int
    fields: Mapping[str, Any]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class GivenInputs:
    """A whole list and the form in which it was understood: ``one a line``, ``CSV``, ``JSON``, ``JSON lines``."""

    form: str
    inputs: tuple[GivenInput, ...]

    @property
    def faults(self) -> int:
        """How many of them can't be sent."""
        return sum(bool(given.fault) for given in self.inputs)

    @property
    def sendable(self) -> list[Mapping[str, Any]]:
        """The fields of those that can be sent."""
        return [given.fields for given in self.inputs if not given.fault]


def read_list(text: str, door: ScraperDoor) -> GivenInputs:
    """A pasted list as inputs of a door, each with what is off about it. Empty lines don't count."""
    form, rows = _rows(text, door)
    return GivenInputs(form, tuple(_checked(line, fields, fault, door) for line, fields, fault in rows))


def check_list(inputs: Sequence[Mapping[str, Any]], door: ScraperDoor, form: str) -> GivenInputs:
    """Inputs that were read elsewhere, each with what is off about it."""
    return GivenInputs(form, tuple(_checked(line, given, "", door) for line, given in enumerate(inputs, start=1)))


def fault_of(field: ScraperInput, value: object) -> str:
    """Why a value does not fit a field, in a few words; empty where it does."""
    text = str(value).strip() if not isinstance(value, list | dict | bool) else ""
    if value is None or value == "" or (isinstance(value, str) and not text):
        return "required" if field.required else ""
    if field.kind == "url" and not _ADDRESS.match(text):
        return "not a web address: start it with https://"
    if field.kind == "number" and (isinstance(value, bool) or _number(value) is None):
        return "not a number"
    if field.kind == "boolean" and not isinstance(value, bool) and text.lower() not in ("true", "false"):
        return "true or false"
    if field.kind == "array" and not isinstance(_json(value), list):
        return 'a JSON list, such as ["a", "b"]'
    if field.kind == "object" and not isinstance(_json(value), dict):
        return 'a JSON object, such as {"a": 1}'
    return ""


def main_field(door: ScraperDoor) -> str:
    """The field that a bare value stands for: the first required one, else the first."""
    required = [field.name for field in door.inputs if field.required]
    names = required or [field.name for field in door.inputs]
    return names[0] if names else "url"


def _checked(line: int, fields: Mapping[str, Any], fault: str, door: ScraperDoor) -> GivenInput:
    return GivenInput(line, fields, fault or _fault_of_input(fields, door))


def _fault_of_input(fields: Mapping[str, Any], door: ScraperDoor) -> str:
    if not fields:
        return "empty"
    if not door.inputs:
        return ""
    known = {field.name: field for field in door.inputs}
    for name, value in fields.items():
        if name not in known:
            return f"no field {name[:_LONGEST_SHOWN]!r} here"
        if fault := fault_of(known[name], value):
            return f"{name}: {fault}"
    missing = [field.name for field in door.inputs if field.required and field.name not in fields]
    return f"{missing[0]} is required" if missing else ""


def _rows(text: str, door: ScraperDoor) -> tuple[str, list[tuple[int, Mapping[str, Any], str]]]:
    body = text.lstrip("\ufeff \r\n\t")
    if body.startswith("["):
        whole = _json(body)
        if isinstance(whole, list):
            return "JSON", [(number, *_object(value)) for number, value in enumerate(whole, start=1)]
    if body.startswith(("{", "[")):
        whole = _json(body)
        if isinstance(whole, dict):
            return "JSON", [(1, whole, "")]
        return "JSON lines", [(number, *_json_line(line)) for number, line in _lines(text)]
    if (mark := _delimiter(body, door)) is not None:
        return "CSV", list(_table(text, mark))
    name = main_field(door)
    return "one a line", [(number, {name: line.strip()}, "") for number, line in _lines(text)]


def _lines(text: str) -> list[tuple[int, str]]:
    """The lines that hold something, split at line feeds alone: other breaks can be part of a value."""
    return [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]


def _delimiter(body: str, door: ScraperDoor) -> str | None:
    """What parts the cells, where the first line is a header of the door's fields."""
    first = body.split("\n", 1)[0].strip()
    known = {field.name for field in door.inputs}
    for mark in _DELIMITERS:
        names = [name.strip() for name in next(csv.reader([first], delimiter=mark), [])]
        if len(names) > 1 and known & set(names):
            return mark
    return "," if first in known and "\n" in body else None


def _table(text: str, mark: str) -> Iterator[tuple[int, Mapping[str, Any], str]]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    names: list[str] = []
    line = 1
    while True:
        begins = line
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield begins, {}, f"not CSV: {error}"
            return
        line = rows.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        if not names:
            names = [cell.strip().lstrip("\ufeff") for cell in cells]
            continue
        fields = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}
        yield begins, fields, f"{len(cells)} cells for {len(names)} columns" if len(cells) > len(names) else ""


def _json_line(line: str) -> tuple[Mapping[str, Any], str]:
    value = _json(line)
    return ({}, "not valid JSON") if value is None else _object(value)


def _object(value: object) -> tuple[Mapping[str, Any], str]:
    return (value, "") if isinstance(value, dict) else ({}, "not an object of fields")


def _number(value: object) -> float | None:
    try:
        return float(value)  # type: ignore[arg-type]  # what is no number raises
    except (TypeError, ValueError):
        return None


def _json(value: object) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None
