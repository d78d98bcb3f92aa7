"""Pages through Web Unlocker and SERP against the double: each paid once at most, and nothing paid is lost."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import aclosing

import pytest

from tests.integration.collect.conftest import Desk, OpenDesk
from tests.servers import brightdata as faults
from tests.servers.brightdata import FaultyBrightData
from webtune_tui.domain.errors import (
    CapExceeded,
    CredentialRefused,
    ExtraMissing,
    InvalidInput,
    Offline,
    OutcomeUnknown,
    RateLimited,
    UsageError,
    WebtuneError,
)
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.records import CollectionState, RecordKind
from webtune_tui.services.collect_plan import CollectPlan
from webtune_tui.settings import Settings
from webtune_tui.sources.base import Zone

PAGE = "https://example.com/page"


@pytest.fixture
def desk(open_desk: OpenDesk) -> Desk:
    return open_desk()


@pytest.fixture
def as_if_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the double for the real service, so that charges are more than nothing."""
    monkeypatch.setattr("webtune_tui.services.page_plan.is_loopback", lambda host: False)


async def plan_of(desk: Desk, count: int) -> CollectPlan:
    return await desk.collect.plan_pages([f"{PAGE}/{number}" for number in range(count)], via="unlocker")


def asked(bright_data: FaultyBrightData) -> Counter[str]:
    """How often each address was asked for, by the service's own count."""
    return Counter(json.loads(body)["url"] for body in bright_data.bodies["request"])


async def charges(desk: Desk) -> list[tuple[float, str]]:
    return [(entry.amount, entry.basis) for entry in await desk.money.ledger() if entry.kind == "charge"]


async def test_pages_through_the_unlocker_are_records_with_a_receipt(
    desk: Desk, bright_data: FaultyBrightData, as_if_paid: None
) -> None:
    plan = await desk.collect.plan_pages([f"{PAGE}/1", f"{PAGE}/sandbox-missing", f"{PAGE}/2"], via="unlocker")
    assert plan.estimated_cost == pytest.approx(0.0045) and "3 requests" in plan.basis
    assert json.loads(plan.body) == {
        "zone": "sandbox_unlocker",
        "url": f"{PAGE}/1",
        "format": "json",
        "method": "GET",
    }
    collection = await desk.start(plan)
    assert (collection.state, collection.records, collection.errors) == (CollectionState.READY, 2, 1)
    assert plan.body.encode() in bright_data.bodies["request"]
    assert set(asked(bright_data).values()) == {1}
    assert await charges(desk) == [(0.003, "2 requests x $1.5 per 1,000, price of 2026-11-22")]
    assert collection.cost == 0.003 and (await desk.money.balance()).estimated_open == 0
    record = (await desk.collect.records_of(collection.collection_id))[0]
    assert record.fields["title"] == "Sample page of the sandbox: page 1"
    assert "Home" not in record.fields["text"] and record.place.file == "pages/000001.html"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (faults.page_answer(404, "<p>gone</p>"), "http_404"),
        (faults.page_answer(200, "   "), "empty"),
        (faults.page_answer(200, "<p>x", {"x-brd-err-code": "policy_20051"}), "policy_20051"),
        (faults.page_answer(502, "", {"x-brd-error": "no peer"}), "service_error"),
        (faults.page_answer(200, "%PDF", {"content-type": "application/pdf"}), "media_type"),
        (faults.refused_page("policy_20050", "KYC is required", 403), "policy_20050"),
        (faults.refused_page("ub_bad_endpoint_robots", "not in accordance with robots", 400), "ub_bad_endpoint_robots"),
        (faults.refused_page("target_40001", "could not be reached", 502), "target_40001"),
        (faults.Answer(400, '{"validation_errors":["bad url"]}', faults.JSON), "refused_400"),
        (faults.Answer(403, "Access denied: policy_20000"), "policy_20000"),
    ],
)
async def test_a_page_that_the_service_does_not_get_is_an_error_row_in_its_words(
    desk: Desk, bright_data: FaultyBrightData, fault: faults.Fault, code: str
) -> None:
    bright_data.on("request", fault)
    collection = await desk.start(await plan_of(desk, 1))
    assert (collection.state, collection.errors) == (CollectionState.EMPTY, 1)
    (row,) = await desk.collect.records_of(collection.collection_id)
    assert row.kind is RecordKind.ERROR and row.fields["error_code"] == code
    assert row.fields["input"] == {"url": f"{PAGE}/0"}
    assert bright_data.requests["request"] == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.too_many(retry_after=40), RateLimited),
        (faults.unauthorized(), CredentialRefused),
        (faults.Answer(402, '{"error":"balance too low"}', faults.JSON), CredentialRefused),
        (faults.Answer(403, "Your API key lacks the required permissions"), CredentialRefused),
        (faults.usage_limit_page(), CredentialRefused),
        (faults.refused_page("client_10100", "free quota used up"), CredentialRefused),
        (faults.Answer(400, "zone sandbox_unlocker not found"), InvalidInput),
    ],
)
async def test_a_no_to_everything_stops_the_run_and_the_rest_can_go_on(
    desk: Desk, bright_data: FaultyBrightData, fault: faults.Fault, error: type[WebtuneError]
) -> None:
    bright_data.always("request", fault)
    with pytest.raises(error):
        await desk.start(await plan_of(desk, 8))
    assert bright_data.requests["request"] <= 4
    waiting = await desk.only()
    assert waiting.state is CollectionState.RUNNING and waiting.message and not waiting.errors
    bright_data.always("request", None)
    collection = await desk.resume(waiting.collection_id)
    assert (collection.state, collection.records) == (CollectionState.READY, 8)


@pytest.mark.parametrize(
    "fault",
    [
        faults.ResetAfterAccept(),
        faults.HalfAnAnswer(),
        faults.server_error(),
        faults.html_page(),
        faults.Answer(200, "not JSON", faults.JSON),
        faults.Answer(200, '{"status":"ok"}', faults.JSON),
    ],
)
async def test_a_lost_answer_is_unknown_and_never_asked_for_again_by_itself(
    open_desk: OpenDesk, desk: Desk, bright_data: FaultyBrightData, as_if_paid: None, fault: faults.Fault
) -> None:
    bright_data.on("request", fault)
    with pytest.raises(OutcomeUnknown) as raised:
        await desk.start(await plan_of(desk, 3))
    assert raised.value.exit_code == 6 and "--resend-unknown" in raised.value.hint
    unknown = await desk.only()
    assert (unknown.state, unknown.records, unknown.cost) == (CollectionState.UNKNOWN, 2, 0.0045)
    assert "1 of them of unknown end" in (await charges(desk))[0][1]
    for _ in range(2):
        desk = open_desk()
        with pytest.raises(OutcomeUnknown):
            await desk.resume(unknown.collection_id)
    assert bright_data.requests["request"] == 3
    again = await desk.collect.unknown_pages(unknown.collection_id)
    assert (again.count, again.cost) == (1, 0.0015)
    collection = await desk.follow(desk.collect.resume(unknown.collection_id, resend_unknown=True))
    assert (collection.state, collection.records, collection.cost) == (CollectionState.READY, 3, 0.006)
    assert bright_data.requests["request"] == 4
    assert [amount for amount, _ in await charges(desk)] == [0.0045, 0.0015]
    assert (await desk.money.balance()).estimated_open == 0


async def test_failed_pages_of_a_zone_are_priced_again_alone(desk: Desk, bright_data: FaultyBrightData) -> None:
    bright_data.on("request", faults.page_answer(502, "", {"x-brd-error": "no peer"}))
    collection = await desk.start(await plan_of(desk, 5))
    plan = await desk.collect.retry_plan(collection.collection_id)
    assert (plan.estimated_cost, plan.worst_case_records) == (0.0015, 1)
    assert plan.request.zone == "sandbox_unlocker"  # type: ignore[union-attr]
    again = await desk.start(plan)
    assert (again.state, again.records) == (CollectionState.READY, 1)
    same = await plan_of(desk, 5)
    assert same.earlier == collection.collection_id
    search = await desk.start(await desk.collect.plan_search("a"))
    with pytest.raises(UsageError, match="is a search"):
        await desk.collect.retry_plan(search.collection_id)


async def test_an_unknown_collection_can_be_left_as_it_is(desk: Desk, bright_data: FaultyBrightData) -> None:
    bright_data.on("request", faults.ResetAfterAccept())
    with pytest.raises(OutcomeUnknown):
        await desk.start(await plan_of(desk, 2))
    collection = await desk.collect.cancel((await desk.only()).collection_id)
    assert (collection.state, collection.records) == (CollectionState.CANCELLED, 1)
    assert await desk.collect.unfinished() == []
    assert bright_data.requests["request"] == 2


async def test_a_run_that_is_left_pays_nothing_twice(
    open_desk: OpenDesk, desk: Desk, bright_data: FaultyBrightData
) -> None:
    plan = await plan_of(desk, 12)
    bright_data.always("request", faults.HeldAnswer())
    started = asyncio.ensure_future(desk.start(plan))
    await asyncio.to_thread(bright_data.wait_for, "request", 4)
    started.cancel()
    with pytest.raises(asyncio.CancelledError):
        await started
    bright_data.always("request", None)
    bright_data.release()
    desk = open_desk()
    with pytest.raises(OutcomeUnknown):
        await desk.resume(plan.collection_id)
    unknown = await desk.only()
    assert unknown.records == 8 and "4 paid pages" in unknown.message
    assert set(asked(bright_data).values()) == {1} and len(asked(bright_data)) == 12
    collection = await desk.follow(desk.collect.resume(plan.collection_id, resend_unknown=True))
    assert (collection.state, collection.records) == (CollectionState.READY, 12)
    assert bright_data.requests["request"] == 16


async def test_a_cancel_stops_before_the_next_page(desk: Desk, bright_data: FaultyBrightData) -> None:
    plan = await plan_of(desk, 30)
    async with aclosing(desk.collect.start(plan)) as events:
        async for event in events:
            if isinstance(event, Progressed) and event.done == 3:
                await desk.collect.cancel(plan.collection_id)
    collection = await desk.only()
    assert collection.state is CollectionState.CANCELLED
    assert 3 <= collection.records == bright_data.requests["request"] < 30


async def test_a_connection_that_never_was_is_tried_again(open_desk: OpenDesk) -> None:
    service = FaultyBrightData().start()
    desk = open_desk(brightdata_url=service.base_url)
    plan = await plan_of(desk, 2)
    service.stop()
    with pytest.raises(Offline):
        await desk.start(plan)
    assert (await desk.only()).state is CollectionState.RUNNING
    assert len([seconds for seconds in desk.time.sleeps if seconds >= 2]) >= 2
    assert (await desk.collect.unknown_pages(plan.collection_id)).count == 0


async def test_the_cap_forbids_pages_beyond_it(
    open_desk: OpenDesk, bright_data: FaultyBrightData, as_if_paid: None
) -> None:
    desk = open_desk(cap_usd=0.004)
    with pytest.raises(CapExceeded):
        await desk.start(await plan_of(desk, 3))
    assert await desk.collect.collections() == [] and bright_data.requests["request"] == 0
    await desk.start(await plan_of(desk, 2))
    with pytest.raises(CapExceeded):
        await desk.start(await plan_of(desk, 1))


async def test_a_large_page_is_refused_and_counts_as_paid(
    open_desk: OpenDesk, bright_data: FaultyBrightData, as_if_paid: None
) -> None:
    from webtune_tui.domain.limits import ReadLimits

    desk = open_desk(limits=ReadLimits(page_mb=1))
    bright_data.on("request", faults.page_answer(200, "a" * 6_000_000))
    collection = await desk.start(await plan_of(desk, 1))
    (row,) = await desk.collect.records_of(collection.collection_id)
    assert row.fields["error_code"] == "too_large" and collection.cost == 0.0015


async def test_a_collection_goes_on_at_the_address_where_it_began(
    open_desk: OpenDesk, desk: Desk, bright_data: FaultyBrightData
) -> None:
    bright_data.on("request", faults.too_many(), times=4)
    with pytest.raises(RateLimited):
        await desk.start(await plan_of(desk, 5))
    desk = open_desk(brightdata_url="http://127.0.0.1:9")
    collection = await desk.resume((await desk.only()).collection_id)
    assert collection.records == 5 and collection.address == bright_data.base_url


@pytest.mark.parametrize(
    ("engine", "country", "expected"),
    [
        ("google", "us", {"data_format": "parsed_light", "country": "us"}),
        ("bing", "", {"data_format": "parsed_bing"}),
        ("yandex", "", {}),
    ],
)
async def test_a_search_gives_a_record_for_each_result(
    desk: Desk, bright_data: FaultyBrightData, engine: str, country: str, expected: dict[str, str]
) -> None:
    plan = await desk.collect.plan_search("coffee grinder", engine=engine, pages=2, country=country)
    collection = await desk.start(plan)
    assert (collection.state, collection.records) == (CollectionState.READY, 20)
    assert bright_data.requests["request"] == 2
    sent = json.loads(plan.body)
    assert plan.body.encode() in bright_data.bodies["request"]
    assert sent["zone"] == "sandbox_serp"
    assert {name: sent[name] for name in ("data_format", "country") if name in sent} == expected
    records = await desk.collect.records_of(collection.collection_id)
    assert dict(records[10].fields) == {
        "query": "coffee grinder",
        "engine": engine,
        "position": 1,
        "url": "https://example.com/sandbox/coffee-grinder/11",
        "title": "Result 11 for coffee grinder",
        "description": records[10].fields["description"],
    }
    assert (records[10].place.file.partition(".")[0], records[10].place.line) == ("pages/000002", 1)
    urls, total = await desk.collect.urls_of(collection.collection_id, limit=5)
    assert total == 20 and urls == [f"https://example.com/sandbox/coffee-grinder/{n}" for n in range(1, 6)]


async def test_the_service_may_make_the_markdown_where_the_extra_is_missing(
    desk: Desk, bright_data: FaultyBrightData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webtune_tui.sources.main_text.importlib.util.find_spec", lambda name: None)
    with pytest.raises(ExtraMissing):
        await desk.start(await plan_of(desk, 1))
    assert bright_data.requests["request"] == 0
    plan = await desk.collect.plan_pages([f"{PAGE}/1"], via="unlocker", markdown=True)
    assert json.loads(plan.body)["data_format"] == "markdown" and plan.command.endswith("--markdown")
    collection = await desk.start(plan)
    (record,) = await desk.collect.records_of(collection.collection_id)
    assert record.fields["title"] == "Sample page of the sandbox: page 1" and record.place.file == "pages/000001.md"


async def test_bare_results_and_other_names_of_them_are_read(desk: Desk, bright_data: FaultyBrightData) -> None:
    rows = [{"url": "https://a.example/", "title": " A ", "snippet": "of  a"}, {"link": "javascript:x"}, "odd"]
    bright_data.on("request", faults.Answer(200, json.dumps({"organic": rows}), faults.JSON))
    collection = await desk.start(await desk.collect.plan_search("a"))
    (record,) = await desk.collect.records_of(collection.collection_id)
    assert (record.url, record.fields["title"], record.fields["description"]) == ("https://a.example/", "A", "of a")


async def test_what_holds_no_results_is_an_error_row(desk: Desk, bright_data: FaultyBrightData) -> None:
    bright_data.on("request", faults.page_answer(200, '{"general":{}}'))
    collection = await desk.start(await desk.collect.plan_search("a"))
    assert (collection.state, collection.errors) == (CollectionState.EMPTY, 1)


async def test_the_zone_is_chosen_from_the_account_s_own(desk: Desk, bright_data: FaultyBrightData) -> None:
    assert await desk.collect.zones() == [Zone("sandbox_serp", "serp"), Zone("sandbox_unlocker", "unblocker")]
    with pytest.raises(UsageError, match="no zone 'other'") as raised:
        await desk.collect.plan_pages([PAGE], via="unlocker", zone="other")
    assert "sandbox_unlocker (unblocker)" in raised.value.hint
    rows = [{"name": f"z{number}", "type": "unblocker"} for number in (2, 1)] + [{"type": "serp"}, 7]
    bright_data.on("zones", faults.Answer(200, json.dumps(rows), faults.JSON), times=3)
    with pytest.raises(UsageError, match="2 Web Unlocker zones") as raised:
        await desk.collect.plan_pages([PAGE], via="unlocker")
    assert raised.value.hint == "Choose: --zone z1|z2"
    with pytest.raises(UsageError, match="no SERP zone"):
        await desk.collect.plan_search("a")
    assert (await desk.collect.plan_pages([PAGE], via="unlocker", zone="z1")).request.zone == "z1"  # type: ignore[union-attr]
    bright_data.on("zones", faults.html_page())
    with pytest.raises(Offline):
        await desk.collect.zones()
    with pytest.raises(UsageError, match="take no zone"):
        await desk.collect.plan_pages([PAGE], via="direct", zone="z1")
    assert bright_data.requests["request"] == 0


def test_the_price_of_a_request_is_a_setting() -> None:
    assert Settings().price_per_1000_requests == 1.5
