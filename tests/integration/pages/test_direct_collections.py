"""Collecting pages from this machine: records with their raw files, error rows, and going on after a stop."""

from __future__ import annotations

import hashlib
import json
from contextlib import aclosing

import pytest

from tests.integration.collect.conftest import Desk, OpenDesk
from tests.integration.pages.conftest import settings_for
from tests.servers.brightdata import FaultyBrightData
from tests.servers.pages import PageServer, article
from webtune_tui.domain.errors import CredentialMissing, ExtraMissing, Offline, StillRunning, UsageError
from webtune_tui.domain.events import CollectionChanged, Progressed, RecordsArrived
from webtune_tui.domain.records import CollectionState, RecordKind
from webtune_tui.services.collect_plan import CollectPlan
from webtune_tui.sources import main_text


async def plan_of(desk: Desk, site: PageServer, *paths: str) -> CollectPlan:
    return await desk.collect.plan_pages([site.url(path) for path in paths], via="direct")


async def test_each_page_is_a_record_that_names_its_raw_file(desk: Desk, site: PageServer) -> None:
    site.redirect("/old", "/one")
    site.page("/one", article("One", language="pt"))
    site.page("/two.md", "# Two\n\nWords of the second page.", kind="text/markdown")
    site.page("/three", '{"a": 1}', kind="application/json")
    site.page("/four.srt", "1\n00:00:01,000 --> 00:00:02,000\nWords that are said\n", kind="text/plain")
    collection = await desk.start(await plan_of(desk, site, "/old", "/two.md", "/three", "/four.srt"))
    assert (collection.state, collection.records, collection.errors) == (CollectionState.READY, 4, 0)
    assert (collection.cost, collection.estimated_cost, collection.is_sandbox) == (0.0, 0.0, False)
    one, two, three, four = await desk.collect.records_of(collection.collection_id)
    assert one.fields["url"] == site.url("/old") and one.fields["final_url"] == one.url == site.url("/one")
    assert one.fields["title"] == "One" and one.fields["language"] == "pt" and one.fields["status"] == 200
    assert "cookies" not in one.fields["text"] and "plain words" in one.fields["text"]
    assert (two.fields["title"], three.fields["text"]) == ("Two", '{"a": 1}')
    assert "Words that are said" in four.fields["text"] and "-->" not in four.fields["text"]
    folder = desk.workspace.raw_folder(collection.collection_id)
    assert [record.place.file for record in (one, two, three, four)] == [
        "pages/000001.html",
        "pages/000002.md",
        "pages/000003.json",
        "pages/000004.srt",
    ]
    raw = folder / one.place.file
    assert raw.read_text() == article("One", language="pt")
    assert (one.place.start, one.place.length) == (0, raw.stat().st_size)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["files"][0]["sha256"] == hashlib.sha256(raw.read_bytes()).hexdigest()
    assert manifest["files"][0]["final_url"] == site.url("/one")
    progress = [event for event in desk.events if isinstance(event, Progressed)]
    assert [(event.done, event.total, event.unit) for event in progress] == [(n, 4, "pages") for n in (1, 2, 3, 4)]
    assert any(isinstance(event, RecordsArrived) for event in desk.events)
    assert isinstance(desk.events[-1], CollectionChanged)
    assert await desk.money.ledger() == []


async def test_pages_in_odd_charsets_are_read_right(desk: Desk, site: PageServer) -> None:
    latin_page, japanese_page = article("Página", "Ação e coração. "), article("日本", "これは日本語の本文です。")
    site.page("/latin", latin_page.encode("latin-1"), kind="text/html; charset=ISO-8859-1")
    site.page("/sjis", japanese_page.encode("shift_jis"), kind="text/html; charset=shift_jis")
    collection = await desk.start(await plan_of(desk, site, "/latin", "/sjis"))
    latin, sjis = await desk.collect.records_of(collection.collection_id)
    assert latin.fields["title"] == "Página" and "coração" in latin.fields["text"]
    assert sjis.fields["title"] == "日本" and "日本語" in sjis.fields["text"]


async def test_failures_are_error_rows_with_code_and_input(desk: Desk, site: PageServer) -> None:
    site.robots("User-agent: *\nDisallow: /private")
    site.page("/good", article("Good"))
    site.page("/bare", "<html><title>Nothing</title></html>")
    site.page("/file.pdf", "%PDF", kind="application/pdf")
    urls = [site.url(path) for path in ("/private", "/good", "/missing", "/bare", "/file.pdf")]
    urls += ["http://169.254.169.254/latest/", "http://printer.local/"]
    collection = await desk.start(await desk.collect.plan_pages(urls, via="direct"))
    assert (collection.state, collection.records, collection.errors) == (CollectionState.READY, 1, 6)
    rows = await desk.collect.records_of(collection.collection_id)
    errors = {row.fields["input"]["url"]: row for row in rows if row.kind is RecordKind.ERROR}
    assert [errors[url].fields["error_code"] for url in urls if url in errors] == [
        "robots",
        "http_404",
        "no_text",
        "media_type",
        "private_address",
        "private_address",
    ]
    assert all(row.fields["error"] for row in errors.values())
    assert errors[site.url("/bare")].place.file == "pages/000004.html"
    assert site.paths == ["/robots.txt", "/good", "/missing", "/bare", "/file.pdf"]
    log = [message for _, _, message in await desk.collect.events_of(collection.collection_id)]
    assert any("robots.txt" in message for message in log)


async def test_all_pages_failing_is_an_empty_collection(desk: Desk, site: PageServer) -> None:
    collection = await desk.start(await plan_of(desk, site, "/a", "/b"))
    assert collection.state is CollectionState.EMPTY and "every page failed" in collection.message


async def test_the_same_page_again_is_a_duplicate_and_another_text_a_change(desk: Desk, site: PageServer) -> None:
    site.page("/a", article("First"))
    site.page("/a", article("First"))
    site.page("/a", article("Second"))
    first, same, other = [await desk.start(await plan_of(desk, site, "/a")) for _ in range(3)]
    assert [(c.new, c.duplicates, c.changed) for c in (first, same, other)] == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    assert first.request_key == same.request_key != ""
    assert (same.previous_id, other.previous_id) == (first.collection_id, same.collection_id)
    assert (first.gone, same.gone, other.gone) == (None, 0, 0)


async def test_a_page_that_is_gone_is_counted(desk: Desk, site: PageServer) -> None:
    site.page("/a", article("A"))
    site.page("/b", article("B"))
    site.page("/b", "gone", status=410)
    first = await desk.start(await plan_of(desk, site, "/a", "/b"))
    again = await desk.start(await plan_of(desk, site, "/b", "/a"))
    assert (again.previous_id, again.records, again.duplicates, again.gone) == (first.collection_id, 1, 1, 1)


async def test_a_passing_failure_is_tried_again_and_a_lasting_one_is_not(desk: Desk, site: PageServer) -> None:
    site.page("/a", "later", status=503, headers=(("retry-after", "3"),))
    site.page("/a", article("Now"))
    site.page("/b", "never", status=503)
    site.page("/c", "never", status=429, headers=(("retry-after", "4000"),))
    collection = await desk.start(await plan_of(desk, site, "/a", "/b", "/c"))
    assert (collection.records, collection.errors) == (1, 2)
    assert [site.paths.count(path) for path in ("/a", "/b", "/c")] == [2, 3, 1]
    assert 3.0 in desk.time.sleeps and max(desk.time.sleeps) < 60
    codes = [row.fields.get("error_code") for row in await desk.collect.records_of(collection.collection_id)]
    assert codes == [None, "service_unavailable", "rate_limited"]


async def test_without_any_connection_the_pages_wait(open_desk: OpenDesk, site: PageServer) -> None:
    desk = open_desk(page_allow_private=("127.0.0.1",), page_delay_seconds=0.0)
    plan = await desk.collect.plan_pages(["http://127.0.0.1:1/a", "http://127.0.0.1:2/b"], via="direct")
    with pytest.raises(Offline):
        await desk.start(plan)
    waiting = await desk.only()
    assert waiting.state is CollectionState.RUNNING and waiting.errors == 0 and "No connection" in waiting.message
    assert await desk.collect.unfinished() == [waiting]
    site.page("/good", article("Good"))
    plan = await desk.collect.plan_pages([site.url("/good"), "http://127.0.0.1:1/a"], via="direct")
    collection = await desk.start(plan)
    assert (collection.state, collection.records, collection.errors) == (CollectionState.READY, 1, 1)


async def test_failed_pages_can_be_asked_for_again_alone(desk: Desk, site: PageServer) -> None:
    site.page("/good", article("Good"))
    site.page("/busy", "later", status=503)
    site.page("/busy", "later", status=503)
    site.page("/busy", "later", status=503)
    site.page("/busy", article("Busy no more"))
    first = await desk.start(await plan_of(desk, site, "/good", "/busy", "/missing"))
    failures = await desk.collect.failed_inputs(first.collection_id)
    assert [(failure.code, failure.may_be_retried) for failure in failures] == [
        ("service_unavailable", True),
        ("http_404", False),
    ]
    plan = await desk.collect.retry_plan(first.collection_id)
    assert plan.command == f"webtune collect urls {site.url('/busy')} --via direct"
    again = await desk.start(plan)
    assert (again.records, again.errors, site.paths.count("/good")) == (1, 0, 1)
    everything = await desk.collect.retry_plan(first.collection_id, every=True)
    assert everything.worst_case_records == 2


async def test_a_large_page_is_read_by_a_program_of_its_own(desk: Desk, site: PageServer) -> None:
    words = "".join(f"Sentence number {number} of a very long page about nothing. " for number in range(9000))
    site.page("/large", article("Large", words))
    collection = await desk.start(await plan_of(desk, site, "/large"))
    (record,) = await desk.collect.records_of(collection.collection_id)
    assert record.place.length is not None and record.place.length > 1_000_000
    assert record.fields["title"] == "Large" and "Sentence number 8999" in record.fields["text"]


async def test_a_cancel_keeps_what_is_there_and_fetches_no_more(desk: Desk, site: PageServer) -> None:
    for name in "abc":
        site.page(f"/{name}", article(name))
    plan = await plan_of(desk, site, "/a", "/b", "/c")
    last = None
    async with aclosing(desk.collect.start(plan)) as events:
        async for event in events:
            if isinstance(event, Progressed) and event.done == 1:
                await desk.collect.cancel(plan.collection_id)
            last = event
    assert isinstance(last, CollectionChanged)
    collection = last.collection
    assert collection.state is CollectionState.CANCELLED and 1 <= collection.records < 3
    assert len([path for path in site.paths if path != "/robots.txt"]) == collection.records
    assert await desk.collect.cancel(plan.collection_id) == collection


async def test_an_interrupted_run_goes_on_where_it_stood(open_desk: OpenDesk, desk: Desk, site: PageServer) -> None:
    for name in "abcd":
        site.page(f"/{name}", article(name))
    plan = await plan_of(desk, site, "/a", "/b", "/c", "/d")
    async with aclosing(desk.collect.start(plan)) as events:
        async for event in events:
            if isinstance(event, RecordsArrived):
                break
    desk = open_desk(**settings_for(site))
    collection = await desk.resume(plan.collection_id)
    assert (collection.state, collection.records, collection.new) == (CollectionState.READY, 4, 4)
    titles = [record.fields["title"] for record in await desk.collect.records_of(plan.collection_id)]
    assert titles == ["a", "b", "c", "d"]
    asked = [path for path in site.paths if path != "/robots.txt"]
    assert sorted(set(asked)) == ["/a", "/b", "/c", "/d"] and len(asked) <= 6


async def test_a_deadline_leaves_the_rest_for_later(desk: Desk, site: PageServer) -> None:
    site.page("/a", article("a"), hold=True)
    with pytest.raises(StillRunning):
        async with aclosing(desk.collect.start(await plan_of(desk, site, "/a"), deadline=1.0)) as events:
            async for _ in events:
                if site.held.is_set():
                    desk.time.moment += 2
    site.release()
    collection = await desk.resume((await desk.only()).collection_id)
    assert collection.state is CollectionState.READY and collection.records == 1


async def test_without_the_extra_nothing_is_asked_for(
    desk: Desk, site: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise ExtraMissing("not here", hint='Run: pip install "webtune-tui[web]"')

    monkeypatch.setattr(main_text, "require_extra", missing)
    with pytest.raises(ExtraMissing):
        await desk.start(await plan_of(desk, site, "/a"))
    assert site.asked == [] and await desk.collect.collections() == []


async def test_the_way_is_chosen_by_the_key(
    desk: Desk, site: PageServer, bright_data: FaultyBrightData, monkeypatch: pytest.MonkeyPatch
) -> None:
    crawl = await desk.collect.plan_pages(["https://example.com/a"])
    assert crawl.source == "brightdata" and dict(crawl.query)["custom_output_fields"] == "url|markdown|page_title"
    monkeypatch.delenv("BRIGHTDATA_API_TOKEN")
    direct = await desk.collect.plan_pages(["https://example.com/a#x", "https://EXAMPLE.com/a"])
    assert direct.source == "pages" and direct.worst_case_records == 1 and direct.estimated_cost == 0.0
    assert direct.curl == "curl --location https://example.com/a"
    assert direct.command == "webtune collect urls https://example.com/a --via direct"
    with pytest.raises(CredentialMissing):
        await desk.collect.plan_pages(["https://example.com/a"], via="unlocker")


async def test_crawled_pages_are_ordinary_snapshots(desk: Desk, bright_data: FaultyBrightData) -> None:
    urls = ["https://example.com/a", "https://example.com/sandbox-missing"]
    collection = await desk.start(await desk.collect.plan_pages(urls, via="crawl"))
    assert (collection.state, collection.records, collection.errors) == (CollectionState.READY, 1, 1)
    record = next(r for r in await desk.collect.records_of(collection.collection_id) if r.kind is RecordKind.DATA)
    assert record.fields["markdown"].startswith("# Sample page") and record.key == "url:https://example.com/a"
    again = await desk.collect.retry_plan(collection.collection_id, every=True)
    assert json.loads(again.body) == [{"url": "https://example.com/sandbox-missing"}]
    assert dict(again.query)["custom_output_fields"] == "url|markdown|page_title"


@pytest.mark.parametrize(
    "urls",
    [[], ["file:///etc/passwd"], ["https://user:pw@example.com/"], ["not an address"], ["https://example.com"] * 3],
)
async def test_addresses_are_checked_before_anything_is_sent(desk: Desk, urls: list[str]) -> None:
    if urls and urls[0] == "https://example.com":
        assert (await desk.collect.plan_pages(urls, via="direct")).worst_case_records == 1
        return
    with pytest.raises(UsageError):
        await desk.collect.plan_pages(urls, via="direct")
