"""The service's own list of scrapers: 4-5 MB that may take 17 seconds, read within limits and parsed once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx

from webtune_tui.domain.errors import Offline, ServiceUnavailable
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.sources.base import KeyLookup, Scraper, ScraperDoor, ScraperInput
from webtune_tui.sources.brightdata_http import BrightDataHttp, is_html, read_limited

PATH = "/datasets/v3/scrapers"
LARGEST_ANSWER = 64 * 1024**2
_TIMEOUTS = httpx.Timeout(connect=15, read=90, write=30, pool=15)
_NAME_LENGTH, _TEXT_LENGTH, _MOST_ITEMS = 120, 600, 500


class CatalogueClient:
    """Asks one address for its list."""

    def __init__(self, address: str, find_key: KeyLookup) -> None:
        self._http = BrightDataHttp(address, find_key)

    async def fetch(self) -> tuple[Scraper, ...]:
        """Every scraper of the list whose row can be read. Free of charge.

        Raises:
            Offline, ServiceUnavailable, RateLimited, CredentialRefused, CredentialMissing: there is no list now.
        """
        headers = await self._http.authorization() | {"Accept-Encoding": "gzip"}
        request = self._http.client.build_request("GET", PATH, headers=headers, timeout=_TIMEOUTS)
        response = await self._http.send(request, stream=True)
        try:
            if response.status_code != 200:
                await read_limited(response)
                raise self._http.refusal(response)
            if is_html(response):
                raise self._http.not_the_service()
            body = await self._read(response)
        except httpx.HTTPError as error:
            raise self._http.offline(error) from error
        finally:
            await response.aclose()
        return await asyncio.to_thread(parse, body)

    async def _read(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > LARGEST_ANSWER:
                raise ServiceUnavailable(
                    f"The list of scrapers is larger than {LARGEST_ANSWER // 1024**2} MB", hint="Use the bundled list."
                )
        return bytes(body)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()


def create(address: str, find_key: KeyLookup) -> CatalogueClient:
    """The client for an address."""
    return CatalogueClient(address, find_key)


def parse(body: bytes) -> tuple[Scraper, ...]:
    """The scrapers in the service's answer; rows that are something else are left out.

    Raises:
        Offline: it is no list of scrapers.
    """
    try:
        rows = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Offline("The list of scrapers came cut or damaged", hint="Try again; the old list stays.") from error
    found: dict[str, Scraper] = {}
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping) and (scraper := _scraper(row)) is not None:
            found.setdefault(scraper.scraper_id, scraper)
    if not found:
        raise Offline("The list of scrapers holds no scraper", hint="Try again; the old list stays.")
    return tuple(found.values())


def _scraper(row: Mapping[Any, Any]) -> Scraper | None:
    scraper_id, name = _text(row.get("id"), _NAME_LENGTH), _text(row.get("name"), _NAME_LENGTH)
    if not scraper_id or not name:
        return None
    doors = _mapping(row.get("scrapers"))
    described = [(door, _mapping(told)) for door, told in list(doors.items())[:_MOST_ITEMS] if isinstance(door, str)]
    found = {_discover_by(door): _door(door, told) for door, told in described}
    for word in _list(row.get("scraper_type")):  # a door that is named and not described takes fields of one's own
        if isinstance(word, str) and not described:
            found.setdefault(_discover_by(word), _door(word, {}))
    fields = dict.fromkeys(
        _text(field.get("name"), _NAME_LENGTH)
        for _, told in described
        for field in map(_mapping, _list(told.get("output_fields")))
    )
    return Scraper(
        scraper_id=scraper_id,
        name=name,
        domain=_text(row.get("domain"), _NAME_LENGTH).removeprefix("www."),
        doors=tuple(sorted(found.values(), key=lambda door: door.discover_by is not None)),
        fields=tuple(field for field in fields if field),
        description=_text(row.get("description"), _TEXT_LENGTH),
        category=_text(row.get("category"), _NAME_LENGTH),
        use_cases=tuple(filter(None, (_text(use, _NAME_LENGTH) for use in _list(row.get("use_cases"))))),
    )


def _discover_by(door: str) -> str | None:
    """What is sent as ``discover_by``: the name after ``_by_`` as it is listed, misspelled or not."""
    return None if door.startswith("collect") or "_by_" not in door else door.partition("_by_")[2]


def _door(name: str, told: Mapping[Any, Any]) -> ScraperDoor:
    samples = [_mapping(sample) for sample in _list(told.get("sample_input"))]
    inputs = (_input(_mapping(field), samples) for field in _list(told.get("input_schema")))
    return ScraperDoor(_discover_by(name), tuple(field for field in inputs if field is not None))


def _input(field: Mapping[Any, Any], samples: list[Mapping[Any, Any]]) -> ScraperInput | None:
    name = field.get("name")
    if not isinstance(name, str) or not name or len(name) > _NAME_LENGTH:
        return None
    examples = [field.get("example"), *(sample.get(name) for sample in samples)]
    return ScraperInput(
        name=name,
        required=field.get("required") is True,
        kind=_text(field.get("type"), _NAME_LENGTH) or "text",
        example=next((shown for value in examples if (shown := _example(value))), ""),
        description=_text(field.get("description"), _TEXT_LENGTH),
    )


def _example(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return _text(str(value) if isinstance(value, int | float) else value, _NAME_LENGTH)


def _text(value: Any, limit: int) -> str:
    return display_line(value, limit=limit).strip() if isinstance(value, str) else ""


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value[:_MOST_ITEMS] if isinstance(value, list) else []
