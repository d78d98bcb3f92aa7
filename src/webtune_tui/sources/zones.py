"""The zones of a Bright Data account: through one of them goes each page that is asked for. Never makes any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.sources.base import KeyLookup, Zone
from webtune_tui.sources.brightdata_http import BrightDataHttp, is_html, text_of
from webtune_tui.sources.brightdata_requests import parse_json

PATH = "/zone/get_active_zones"
KINDS = {"unlocker": ("unblocker", "Web Unlocker"), "serp": ("serp", "SERP")}


async def active(address: str, find_key: KeyLookup) -> Sequence[Zone]:
    """The account's active zones with their kinds, by name; a free call. Raises as every call of the service."""
    http = BrightDataHttp(address, find_key)
    try:
        response = await http.get(PATH)
        if not response.is_success:
            raise http.refusal(response)
        rows = parse_json(text_of(response))
        if is_html(response) or not isinstance(rows, list):
            raise http.not_the_service()
    finally:
        await http.aclose()
    found = [Zone(row["name"], str(row.get("type") or "")) for row in rows if _is_zone(row)]
    return sorted(found, key=lambda zone: zone.name)


def choose(zones: Sequence[Zone], via: str, named: str) -> str:
    """The zone to ask: the named one, else the only one of the fitting kind. Raises UsageError."""
    kind, title = KINDS[via]
    listed = ", ".join(display_line(f"{zone.name} ({zone.kind})", limit=80) for zone in zones[:20]) or "none"
    if named:
        if any(zone.name == named for zone in zones):
            return named
        raise UsageError(f"The account has no zone {named!r}", hint=f"Its zones: {listed}")
    fitting = [zone.name for zone in zones if zone.kind == kind]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UsageError(f"The account has {len(fitting)} {title} zones", hint=f"Choose: --zone {'|'.join(fitting)}")
    raise UsageError(
        f"The account has no {title} zone (its zones: {listed})",
        hint=f"Make a {title} zone at brightdata.com; webtune makes none.",
    )


def _is_zone(row: object) -> bool:
    return isinstance(row, Mapping) and isinstance(row.get("name"), str) and bool(row["name"])
