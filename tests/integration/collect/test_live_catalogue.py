"""The service's own list of scrapers: asked for on request, kept per host, and never in the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.collect.conftest import OpenDesk
from tests.servers import brightdata as faults
from tests.servers.brightdata import FaultyBrightData
from webtune_tui.domain.errors import CredentialRefused, NotFound, RateLimited, TryLater, WebtuneError

NEW = {
    "id": "gd_new0000000000000",
    "name": "Hotel prices",
    "description": "Room rates",
    "domain": "rooms.example",
    "scraper_type": ["discover_by_loction"],
    "scrapers": {
        "discover_by_loction": {"input_schema": [{"name": "loction", "type": "text", "required": True}]},
    },
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


async def test_the_list_is_asked_for_on_request_and_kept_for_the_next_start(
    open_desk: OpenDesk, bright_data: FaultyBrightData, cache: Path
) -> None:
    desk = open_desk()
    before = await desk.collect.catalogue_info()
    assert (before.origin, before.dated) == ("bundled", "2026-11-22") and bright_data.seen == []
    bright_data.always("scrapers", faults.Answer(200, json.dumps([NEW]), faults.JSON))
    after = await desk.collect.refresh_catalogue()
    assert after.origin == "live" and after.scrapers == before.scrapers + 1 and after.dated > before.dated
    (kept,) = cache.rglob("*.json")
    assert kept.stat().st_mode & 0o077 == 0
    desk = open_desk()
    assert (await desk.collect.catalogue_info()).origin == "live" and bright_data.requests["scrapers"] == 1
    plan = await desk.collect.plan("hotel-prices", [{"loction": "Porto"}])
    assert plan.query["discover_by"] == "loction" and plan.label == "Hotel prices"
    elsewhere = open_desk(brightdata_url="http://127.0.0.1:9")
    assert (await elsewhere.collect.catalogue_info()).origin == "bundled"


async def test_unknown_inputs_of_a_live_scraper_are_refused_before_anything_is_sent(
    open_desk: OpenDesk, bright_data: FaultyBrightData
) -> None:
    desk = open_desk()
    bright_data.always("scrapers", faults.Answer(200, json.dumps([NEW]), faults.JSON))
    await desk.collect.refresh_catalogue()
    with pytest.raises(WebtuneError, match="no door for location"):
        await desk.collect.plan("hotel-prices", [{"location": "Porto"}])
    with pytest.raises(NotFound):
        await desk.collect.plan("gd_unheardof", [{"url": "https://a.example"}])


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.html_page(), TryLater),
        (faults.CutBody(0.5, "right"), TryLater),
        (faults.CutBody(0.5, "wrong"), TryLater),
        (faults.CutBody(0.5, "none"), TryLater),
        (faults.Answer(200, "[]", faults.JSON), TryLater),
        (faults.NotGzip(), TryLater),
        (faults.server_error(), TryLater),
        (faults.ResetBefore(), TryLater),
        (faults.too_many(retry_after=9), RateLimited),
        (faults.unauthorized(), CredentialRefused),
    ],
)
async def test_a_list_that_cannot_be_had_leaves_the_one_before(
    open_desk: OpenDesk, bright_data: FaultyBrightData, fault: faults.Fault, error: type[Exception], cache: Path
) -> None:
    desk = open_desk()
    bright_data.on("scrapers", fault)
    with pytest.raises(error):
        await desk.collect.refresh_catalogue()
    assert (await desk.collect.catalogue_info()).origin == "bundled" and not list(cache.rglob("*.json"))
    assert (await desk.collect.refresh_catalogue()).origin == "live"


async def test_an_endless_list_is_stopped_at_a_limit(
    open_desk: OpenDesk, bright_data: FaultyBrightData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webtune_tui.sources.brightdata_catalogue.LARGEST_ANSWER", 1_000_000)
    bright_data.on("scrapers", faults.LongLine(5_000_000))
    with pytest.raises(TryLater, match="larger than"):
        await open_desk().collect.refresh_catalogue()


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"version": 1, "dated": "x", "scrapers": [{}]}', '{"version": 9}'])
async def test_a_broken_kept_list_is_said_and_can_be_fetched_again(
    open_desk: OpenDesk, bright_data: FaultyBrightData, cache: Path, broken: str
) -> None:
    await open_desk().collect.refresh_catalogue()
    (kept,) = cache.rglob("*.json")
    kept.write_text(broken)
    desk = open_desk()
    info = await desk.collect.catalogue_info()
    assert info.origin == "bundled" and "--refresh" in info.notice
    assert (await desk.collect.refresh_catalogue()).notice == ""
    assert (await open_desk().collect.catalogue_info()).origin == "live"
