"""The scrapers that the sandbox answers for, with their doors and input fields."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from webtune_tui.sandbox import errors

DATA = Path(__file__).parent / "data"
COLLECT = "collect_by_url"
DISCOVER = "discover_by_"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an input."""

    name: str
    type: str
    required: bool


@dataclass(frozen=True, slots=True)
class Scraper:
    """A scraper; ``doors`` maps ``collect_by_url`` and ``discover_by_X`` to the fields they take."""

    id: str
    doors: Mapping[str, Sequence[Field]]

    def door(self, kind: str | None, discover_by: str | None) -> str:
        """The door that ``type`` and ``discover_by`` name. Raises Refusal."""
        if kind != "discover_new":
            return COLLECT
        if not discover_by:
            raise errors.door_missing()
        name = DISCOVER + discover_by
        if name not in self.doors:
            raise errors.unknown_door([door.removeprefix(DISCOVER) for door in self.doors if door != COLLECT])
        return name

    def check(self, door: str, inputs: Sequence[Mapping[str, Any]], custom_fields: Sequence[str]) -> None:
        """Raises Refusal for the first input that does not fit the door."""
        fields = {field.name: field for field in self.doors[door]}
        for index, given in enumerate(inputs, start=1):
            found = [*unexpected(given, fields, custom_fields), *unfit(given, fields.values())]
            if found:
                raise errors.invalid_input(given or empty_line(fields.values()), index, found)


def unexpected(
    given: Mapping[str, Any], fields: Mapping[str, Field], custom_fields: Sequence[str]
) -> list[tuple[str, str]]:
    return [
        (name, f"This input should not contain a {name} field")
        for name in given
        if name not in fields and name not in custom_fields
    ]


def unfit(given: Mapping[str, Any], fields: Any) -> list[tuple[str, str]]:
    found = []
    for field in fields:
        value = given.get(field.name)
        if value in (None, ""):
            if field.required:
                found.append((field.name, "Required field"))
        elif field.type == "url" and not is_web_address(value):
            found.append((field.name, "This field must be a valid url"))
    return found


def is_web_address(value: object) -> bool:
    if not isinstance(value, str) or any(character.isspace() for character in value):
        return False
    try:
        address = urlsplit(value)
    except ValueError:
        return False
    return address.scheme in ("http", "https") and "." in (address.hostname or "")


def empty_line(fields: Any) -> dict[str, object]:
    """What the service quotes for an empty input: the optional text fields with empty values."""
    return {field.name: "" for field in fields if not field.required and field.type == "text"}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The bundled catalogue; ``rows``, ``fields`` and ``downloads`` are in the service's own form."""

    rows: Sequence[Mapping[str, Any]]
    fields: Mapping[str, Mapping[str, Any]]
    downloads: Sequence[Mapping[str, Any]]

    def scraper(self, dataset_id: str | None) -> Scraper:
        """The scraper with this id. Raises Refusal."""
        if not dataset_id:
            raise errors.Refusal(404, errors.COLLECTOR_NOT_FOUND)
        for row in self.rows:
            if row["id"] == dataset_id:
                return Scraper(dataset_id, {name: read_fields(door) for name, door in row["scrapers"].items()})
        if any(row["id"] == dataset_id for row in self.downloads):
            raise errors.Refusal(400, errors.NOT_A_SCRAPER)
        raise errors.Refusal(404, errors.DATASET_UNKNOWN)


def read_fields(door: Mapping[str, Any]) -> list[Field]:
    return [Field(field["name"], field["type"], field["required"]) for field in door["input_schema"]]


@cache
def load() -> Catalogue:
    """The catalogue of `data/scrapers.json`."""
    content = json.loads((DATA / "scrapers.json").read_text(encoding="utf-8"))
    return Catalogue(content["scrapers"], content["fields"], content["downloads"])
