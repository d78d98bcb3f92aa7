"""Failed inputs are kept apart with their codes; trying them again is a new, priced collection of only those."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.collect.conftest import CATEGORY, Desk
from tests.servers import brightdata as faults
from tests.servers.brightdata import FaultyBrightData
from webtune_tui.domain.errors import NotFound, UsageError
from webtune_tui.domain.events import Noted
from webtune_tui.domain.records import Collection

LINKS = [f"https://www.amazon.com/dp/B0EXAMPLE{number}" for number in range(6)]
CODES = [None, "crawl_failed", "dead_page", "wait_element_timeout", "bad_input", "no_peers"]


def row_for(link: str, code: str | None) -> dict[str, Any]:
    base = {"timestamp": "2026-11-22T10:00:00.000Z", "input": {"url": link, "language": "EN"}}
    if code is None:
        return {"asin": link[-10:], "title": "A lamp", "url": link, **base}
    return {**base, "error": f"It ended with {code}", "error_code": code}


async def collect(desk: Desk, service: FaultyBrightData, codes: list[str | None]) -> Collection:
    rows = [row_for(link, code) for link, code in zip(LINKS, codes, strict=False)]
    service.on("snapshot", faults.still_building(), faults.Changed(lambda _: rows + rows[1:2]))
    service.on("progress", faults.Plain(), faults.StatusWord("ready"))
    plan = await desk.collect.plan("amazon-products", [{"url": link} for link in LINKS[: len(codes)]])
    return await desk.start(plan)


async def test_errors_are_grouped_by_input_and_code_as_they_were_sent(
    desk: Desk, bright_data: FaultyBrightData
) -> None:
    collection = await collect(desk, bright_data, CODES)
    failures = await desk.collect.failed_inputs(collection.collection_id)
    assert [(one.input, one.code, one.rows) for one in failures] == [
        ({"url": link}, code, 2 if code == "crawl_failed" else 1)
        for link, code in zip(LINKS, CODES, strict=True)
        if code
    ]
    assert failures[0].message == "It ended with crawl_failed"
    assert [one.code for one in failures if one.may_be_retried] == ["crawl_failed", "wait_element_timeout", "no_peers"]


async def test_a_retry_asks_only_for_what_is_worth_it(desk: Desk, bright_data: FaultyBrightData) -> None:
    collection = await collect(desk, bright_data, CODES)
    plan = await desk.collect.retry_plan(collection.collection_id)
    assert plan.request.inputs == ({"url": LINKS[1]}, {"url": LINKS[3]}, {"url": LINKS[5]})  # type: ignore[union-attr]
    assert plan.estimated_cost == pytest.approx(3 * 1.5 / 1000) and plan.collection_id != collection.collection_id
    assert bright_data.requests["trigger"] == 1, "nothing is sent before the plan is confirmed"
    again = await desk.start(plan)
    assert again.collection_id == plan.collection_id and bright_data.requests["trigger"] == 2
    every = await desk.collect.retry_plan(collection.collection_id, every=True)
    assert len(every.request.inputs) == 5  # type: ignore[union-attr]


async def test_nothing_worth_a_retry_is_said_with_the_codes(desk: Desk, bright_data: FaultyBrightData) -> None:
    collection = await collect(desk, bright_data, [None, "dead_page"])
    with pytest.raises(UsageError, match="dead_page") as caught:
        await desk.collect.retry_plan(collection.collection_id)
    assert "--all" in caught.value.hint
    clean = await desk.start()
    if not await desk.collect.failed_inputs(clean.collection_id):
        with pytest.raises(UsageError):
            await desk.collect.retry_plan(clean.collection_id, every=True)
    with pytest.raises(NotFound):
        await desk.collect.failed_inputs("c000000-nothing")


async def test_a_discovery_that_failed_is_tried_again_by_its_query(desk: Desk, bright_data: FaultyBrightData) -> None:
    failed = {
        "timestamp": "2026-11-22T10:00:00.000Z",
        "input": {"url": "https://www.amazon.com/dp/B0EXAMPLE9", "origin_url": CATEGORY},
        "discovery_input": {"category_url": CATEGORY, "collect_child_categories": ""},
        "error": "Collection failed after multiple attempts",
        "error_code": "crawl_failed",
    }
    bright_data.always("snapshot", faults.Changed(lambda rows: [*rows, failed]))
    collection = await desk.start(await desk.plan(limit_per_input=7))
    plan = await desk.collect.retry_plan(collection.collection_id)
    assert plan.request.inputs == ({"category_url": CATEGORY},)  # type: ignore[union-attr]
    assert plan.query["discover_by"] == "best_sellers_url" and plan.query["limit_per_input"] == "7"


async def test_bare_warnings_count_as_failed_inputs(desk: Desk, bright_data: FaultyBrightData) -> None:
    bright_data.always("snapshot", faults.warnings_only())
    collection = await desk.start()
    failures = await desk.collect.failed_inputs(collection.collection_id)
    assert failures and {one.code for one in failures} == {"dead_page"}


async def test_asking_for_the_same_again_is_said_before_it_is_paid(desk: Desk, bright_data: FaultyBrightData) -> None:
    first = await desk.plan()
    assert first.earlier is None
    collection = await desk.start(first)
    again = await desk.plan(limit_per_input=3)
    assert again.earlier == collection.collection_id
    await desk.start(again)
    assert any(isinstance(event, Noted) and collection.collection_id in event.message for event in desk.events)
    other = await desk.collect.plan("amazon-products", [{"keyword": "kettle"}])
    assert other.earlier is None
    with desk.workspace.database.write() as connection:
        connection.execute("UPDATE collections SET created_at = '2026-01-01T00:00:00.000Z'")
    assert (await desk.plan()).earlier is None


async def test_the_typical_duration_is_the_median_of_the_same_scraper(
    desk: Desk, bright_data: FaultyBrightData
) -> None:
    first = await desk.start()
    assert await desk.collect.typical_seconds(first) is None
    for _ in range(2):
        await desk.start()
    with desk.workspace.database.write() as connection:
        ids = [row[0] for row in connection.execute("SELECT collection_id FROM collections ORDER BY created_at")]
        for collection_id, seconds in zip(ids, (10, 40, 50), strict=True):
            connection.execute(
                "UPDATE collections SET created_at = '2026-11-26T10:00:00.000Z', finished_at = ? "
                "WHERE collection_id = ?",
                (f"2026-11-26T10:00:{seconds}.000Z", collection_id),
            )
    assert await desk.collect.typical_seconds(first) == 40.0
