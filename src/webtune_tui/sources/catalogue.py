"""The bundled catalogue of Bright Data scrapers: finding one, choosing its door, checking its inputs."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from webtune_tui.domain.errors import NotFound, UsageError
from webtune_tui.sources.base import Scraper, ScraperDoor, ScraperInput

DEFAULT_SCRAPER = "gd_l7q7dkf244hwjntr0"
DEFAULT_DOOR = "best_sellers_url"
_SHOWN = 12
_MANY_PER_INPUT = re.compile(r"review|comment|search|posts by|all_reels|ai mode", re.IGNORECASE)


@cache
def scrapers() -> tuple[Scraper, ...]:
    """Every scraper of the bundled list, those with known inputs first."""
    path = resources.files("webtune_tui.sources") / "data" / "brightdata_scrapers.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["scrapers"]
    return tuple(sorted((_scraper(row) for row in rows), key=lambda scraper: not scraper.doors))


def slug(name: str) -> str:
    """The name as typed on a command line: ``Amazon products`` is ``amazon-products``."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def search(text: str) -> list[Scraper]:
    """The scrapers whose name, site or id contains every word of the text."""
    words = text.lower().replace("-", " ").replace("_", " ").split()
    return [scraper for scraper in scrapers() if all(word in _haystack(scraper) for word in words)]


def find(id_or_name: str) -> Scraper:
    """The scraper of an id, a name or the slug of a name.

    Raises:
        NotFound: there is none; the hint names the nearest known ones.
    """
    wanted = id_or_name.strip()
    for scraper in scrapers():
        if wanted == scraper.scraper_id or slug(wanted) == slug(scraper.name):
            return scraper
    raise NotFound(f"There is no scraper {wanted!r}", hint=_known_hint(wanted))


def choose_door(scraper: Scraper, inputs: Sequence[Mapping[str, Any]], discover_by: str | None) -> ScraperDoor:
    """The door that the inputs fit: the named one, else the first whose fields they are.

    Raises:
        UsageError: no inputs, an unknown door, an unknown field, or a required field that is missing.
    """
    if not inputs:
        raise UsageError(f"{scraper.name} needs an input", hint=_doors_hint(scraper))
    door = _named_door(scraper, discover_by) if discover_by else _fitting_door(scraper, inputs)
    for number, given in enumerate(inputs, start=1):
        _check(scraper, door, given, number)
    return door


def brings_many(scraper: Scraper, door: ScraperDoor) -> bool:
    """Whether one input can bring many records, so that only a cap bounds the price."""
    return door.discover_by is not None or not door.inputs or _MANY_PER_INPUT.search(scraper.name) is not None


def _scraper(row: Mapping[str, Any]) -> Scraper:
    return Scraper(
        scraper_id=row["id"],
        name=row["name"],
        domain=row["domain"],
        doors=tuple(_door(door) for door in row["doors"]),
        fields=tuple(row["fields"]),
    )


def _door(row: Mapping[str, Any]) -> ScraperDoor:
    inputs = (
        ScraperInput(given["name"], given["required"], given["type"], given.get("example", ""))
        for given in row["inputs"]
    )
    return ScraperDoor(row["discover_by"], tuple(inputs))


def _haystack(scraper: Scraper) -> str:
    return f"{scraper.name} {scraper.domain} {scraper.scraper_id}".lower().replace("_", " ")


def _known_hint(wanted: str) -> str:
    by_slug = {slug(scraper.name): scraper for scraper in scrapers()}
    near = difflib.get_close_matches(slug(wanted), by_slug, n=4, cutoff=0.5)
    if near:
        return f"Nearest: {', '.join(near)}. All: webtune collect scrapers"
    shown = list(by_slug)[:_SHOWN]
    return f"Known: {', '.join(shown)} and {len(by_slug) - len(shown)} more. All: webtune collect scrapers"


def _named_door(scraper: Scraper, discover_by: str) -> ScraperDoor:
    for door in scraper.doors:
        if door.discover_by == discover_by:
            return door
    if not scraper.doors:
        return ScraperDoor(discover_by, ())  # nothing is known of its doors: the service will judge
    raise UsageError(f"{scraper.name} has no door {discover_by!r}", hint=_doors_hint(scraper))


def _fitting_door(scraper: Scraper, inputs: Sequence[Mapping[str, Any]]) -> ScraperDoor:
    if not scraper.doors:
        return ScraperDoor(None, ())
    names = set().union(*inputs)
    for door in sorted(scraper.doors, key=lambda door: not door.inputs):
        known = {field.name for field in door.inputs}
        required = {field.name for field in door.inputs if field.required}
        if not door.inputs or (names <= known and required <= names):
            return door
    given = ", ".join(sorted(names)) or "nothing"
    raise UsageError(f"{scraper.name} has no door for {given}", hint=_doors_hint(scraper))


def _check(scraper: Scraper, door: ScraperDoor, given: Mapping[str, Any], number: int) -> None:
    if not given:
        raise UsageError(f"Input {number} of {scraper.name} is empty", hint=_doors_hint(scraper))
    if not door.inputs:
        return
    fields = {field.name: field for field in door.inputs}
    for name, value in given.items():
        if name not in fields:
            raise UsageError(f"Input {number}: {scraper.name} has no field {name!r} here", hint=_doors_hint(scraper))
        if fields[name].kind == "url" and value and not re.match(r"https?://[^\s/]+", str(value)):
            raise UsageError(f"Input {number}: {name} = {value!r} is not a web address", hint="Start it with https://")
    for field in door.inputs:
        if field.required and given.get(field.name) in (None, ""):
            raise UsageError(
                f"Input {number}: {scraper.name} needs {field.name}",
                hint=f"Give --input {field.name}={field.example or 'VALUE'}",
            )


def _doors_hint(scraper: Scraper) -> str:
    if not scraper.doors:
        return "Its inputs are not in the bundled list; see its page at Bright Data."
    return "It takes: " + "; ".join(_door_words(door) for door in scraper.doors)


def _door_words(door: ScraperDoor) -> str:
    fields = ", ".join(f"{field.name}{' (required)' if field.required else ''}" for field in door.inputs)
    door_name = f"--discover-by {door.discover_by}" if door.discover_by else "collect"
    return f"{door_name} with {fields or 'fields of your own'}"
