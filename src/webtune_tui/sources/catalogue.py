"""Catalogues of Bright Data scrapers: the bundled list and a live one over it; finding, choosing a door, checking."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property
from importlib import resources
from typing import Any

from webtune_tui.domain.errors import NotFound, UsageError
from webtune_tui.sources.base import Scraper, ScraperDoor, ScraperInput

DEFAULT_SCRAPER = "gd_l7q7dkf244hwjntr0"
DEFAULT_DOOR = "best_sellers_url"
_SHOWN = 12
_SMALL_WORDS = frozenset({"a", "all", "and", "by", "for", "from", "in", "my", "of", "on", "or", "the", "to", "with"})
_MANY_PER_INPUT = re.compile(r"review|comment|search|posts by|all_reels|ai mode", re.IGNORECASE)


@dataclass(frozen=True)
class Catalogue:
    """A list of scrapers, those with known inputs first: where it is from (``bundled`` or ``live``) and its day."""

    origin: str
    dated: str
    scrapers: tuple[Scraper, ...]

    def search(self, text: str) -> list[Scraper]:
        """The scrapers that a text asks for by name, site, id, use or output field; the best first.

        Every word must be found, or at least half of them where none has all; words such as *of* don't count.
        """
        words = _asked_words(text)
        if not words:
            return list(self.scrapers)
        return self._ranked(words, missing=0) or self._ranked(words, missing=len(words) // 2)

    def _ranked(self, words: Sequence[str], *, missing: int) -> list[Scraper]:
        ranks = [(_rank(places, words, missing), at) for at, places in enumerate(self._places)]
        return [self.scrapers[at] for rank, at in sorted(ranks, key=lambda pair: (-pair[0], pair[1])) if rank > 0]

    def find(self, id_or_name: str) -> Scraper:
        """The scraper of an id, a name or the slug of a name.

        Raises:
            NotFound: there is none; the hint names the nearest known ones.
            UsageError: several go by that name; the hint names their ids.
        """
        wanted = id_or_name.strip()
        for scraper in self.scrapers:
            if wanted == scraper.scraper_id:
                return scraper
        named = [one for one in self.scrapers if slug(wanted) == slug(one.name)]
        named = named or [one for one in self.scrapers if slug(wanted) in map(slug, one.aliases)]
        if len(named) == 1:
            return named[0]
        if named:
            ids = ", ".join(f"{one.scraper_id} ({one.domain})" for one in named[:_SHOWN])
            raise UsageError(f"{len(named)} scrapers are called {wanted!r}", hint=f"Give an id: {ids}")
        raise NotFound(f"There is no scraper {wanted!r}", hint=_known_hint(self.scrapers, wanted))

    @cached_property
    def _places(self) -> list[tuple[tuple[int, str], ...]]:
        return [_weighted_places(scraper) for scraper in self.scrapers]


@cache
def bundled() -> Catalogue:
    """The list that comes with the program."""
    path = resources.files("webtune_tui.sources") / "data" / "brightdata_scrapers.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    return Catalogue("bundled", content["dated"], _ordered(map(scraper_of, content["scrapers"])))


def merged(live: Sequence[Scraper], dated: str) -> Catalogue:
    """The live list over the bundled one, which knows scrapers and inputs that the live one leaves out."""
    ours = {scraper.scraper_id: scraper for scraper in bundled().scrapers}
    both = [_over(ours.pop(scraper.scraper_id, None), scraper) for scraper in live]
    return Catalogue("live", dated, _ordered([*both, *ours.values()]))


def scrapers() -> tuple[Scraper, ...]:
    """Every scraper of the bundled list, those with known inputs first."""
    return bundled().scrapers


def search(text: str) -> list[Scraper]:
    """As :meth:`Catalogue.search` in the bundled list."""
    return bundled().search(text)


def find(id_or_name: str) -> Scraper:
    """As :meth:`Catalogue.find` in the bundled list."""
    return bundled().find(id_or_name)


def slug(name: str) -> str:
    """The name as typed on a command line: ``Amazon products`` is ``amazon-products``."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


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


def scraper_of(row: Mapping[str, Any]) -> Scraper:
    """A scraper as :func:`row_of` wrote it. Raises KeyError, TypeError, AttributeError for anything else."""
    return Scraper(
        scraper_id=row["id"],
        name=row["name"],
        domain=row["domain"],
        doors=tuple(_door(door) for door in row["doors"]),
        fields=tuple(row["fields"]),
        aliases=tuple(row.get("aliases", ())),
        description=row.get("description", ""),
        category=row.get("category", ""),
        use_cases=tuple(row.get("use_cases", ())),
    )


def row_of(scraper: Scraper) -> dict[str, Any]:
    """A scraper as it is kept in a file."""
    row = asdict(scraper)
    row["id"] = row.pop("scraper_id")
    for door in row["doors"]:
        for given in door["inputs"]:
            given["type"] = given.pop("kind")
    return row


def _door(row: Mapping[str, Any]) -> ScraperDoor:
    inputs = (
        ScraperInput(
            given["name"], given["required"], given["type"], given.get("example", ""), given.get("description", "")
        )
        for given in row["inputs"]
    )
    return ScraperDoor(row["discover_by"], tuple(inputs))


def _ordered(found: Iterable[Scraper]) -> tuple[Scraper, ...]:
    return tuple(sorted(found, key=lambda scraper: not scraper.doors))


def _over(ours: Scraper | None, live: Scraper) -> Scraper:
    """The live scraper under our name, with our doors and inputs where it tells none."""
    if ours is None:
        return live
    known = {door.discover_by: door for door in ours.doors}
    doors = [door if door.inputs else known.get(door.discover_by, door) for door in live.doors] or list(ours.doors)
    return replace(
        live,
        name=ours.name,
        domain=live.domain or ours.domain,
        doors=tuple(doors),
        fields=live.fields or ours.fields,
        aliases=tuple(dict.fromkeys([live.name, *ours.aliases])) if live.name != ours.name else ours.aliases,
    )


def _asked_words(text: str) -> list[str]:
    words = re.findall(r"[^\s\-_,;/]+", text.lower())
    telling = [word for word in words if word not in _SMALL_WORDS]
    return [_stem(word) for word in telling or words]


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _weighted_places(scraper: Scraper) -> tuple[tuple[int, str], ...]:
    """Where words are looked for, with what a hit there is worth."""
    names = " ".join((scraper.name, *scraper.aliases))
    doors = " ".join(f"{door.discover_by or ''} {' '.join(one.name for one in door.inputs)}" for door in scraper.doors)
    places = (
        (16, scraper.scraper_id),
        (12, names),
        (10, scraper.domain),
        (6, scraper.category),
        (4, " ".join(scraper.use_cases)),
        (3, " ".join(scraper.fields)),
        (2, doors),
        (1, scraper.description),
    )
    return tuple((weight, text.lower().replace("_", " ").replace("-", " ")) for weight, text in places)


def _rank(places: Sequence[tuple[int, str]], words: Sequence[str], missing: int) -> float:
    """How well the words are found, of which some may be missing; 0 where more are.

    The beginning of a word counts more than its middle.
    """
    total = 0.0
    for word in words:
        best = 0.0
        for weight, text in places:
            at = text.find(word)
            if at >= 0:
                begins = at == 0 or not text[at - 1].isalnum() or f" {word}" in text
                best = max(best, weight * (1.0 if begins else 0.4))
        missing -= not best
        if missing < 0:
            return 0.0
        total += best
    return total


def _known_hint(known: Sequence[Scraper], wanted: str) -> str:
    if re.fullmatch(r"gd_\w+", wanted):
        return "Ask for the service's own list, then try again: webtune collect scrapers --refresh"
    by_slug = {slug(scraper.name): scraper for scraper in known}
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
        return "Its inputs are not known here; see its page at Bright Data, or: webtune collect scrapers --refresh"
    return "It takes: " + "; ".join(_door_words(door) for door in scraper.doors)


def _door_words(door: ScraperDoor) -> str:
    fields = ", ".join(f"{field.name}{' (required)' if field.required else ''}" for field in door.inputs)
    door_name = f"--discover-by {door.discover_by}" if door.discover_by else "collect"
    return f"{door_name} with {fields or 'fields of your own'}"
