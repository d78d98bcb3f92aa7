"""Collecting against a double of Bright Data that misbehaves: nothing paid twice, nothing paid lost."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.collect.conftest import Desk, OpenDesk
from tests.servers import brightdata as faults
from tests.servers.brightdata import FaultyBrightData
from webtune_tui.domain.costs import OperationState
from webtune_tui.domain.errors import (
    CapExceeded,
    CredentialRefused,
    InvalidInput,
    NotFound,
    Offline,
    OutcomeUnknown,
    RateLimited,
    StillRunning,
    UsageError,
    WebtuneError,
    WorkFailed,
)
from webtune_tui.domain.events import CollectionChanged, Noted, RecordsArrived
from webtune_tui.domain.records import CollectionState, RecordKind
from webtune_tui.services.accounts import AccountsService
from webtune_tui.services.collect import CollectService
from webtune_tui.services.patience import Waiting
from webtune_tui.sources.base import CutBody


def stored_rows(desk: Desk) -> list[tuple[int, str, str]]:
    with desk.workspace.database.read() as connection:
        rows = connection.execute("SELECT position, kind, key FROM records ORDER BY collection_id, position")
        return [tuple(row) for row in rows.fetchall()]


async def test_a_collection_is_triggered_once_and_stored_with_its_receipt(
    desk: Desk, bright_data: FaultyBrightData
) -> None:
    collection = await desk.start()
    assert collection.state is CollectionState.READY
    assert bright_data.triggers == 1
    assert collection.records == collection.new + collection.changed + collection.duplicates > 0
    assert collection.is_sandbox and collection.cost == 0.0
    assert collection.raw_path is not None
    raw = desk.workspace.absolute(collection.raw_path)
    manifest = json.loads((raw.parent / "manifest.json").read_text())
    assert manifest["files"][0]["sha256"] == hashlib.sha256(raw.read_bytes()).hexdigest()
    assert manifest["files"][0]["rows"] == collection.records + collection.errors
    assert manifest["snapshot_id"] == collection.snapshot_id
    (charge,) = [entry for entry in await desk.money.ledger() if entry.kind == "charge"]
    assert charge.amount == 0.0 and "sandbox" in charge.basis
    sample = [event for event in desk.events if isinstance(event, RecordsArrived)]
    assert sample and all(len(event.sample) <= 5 for event in sample)


async def test_what_is_sent_is_what_the_plan_shows(desk: Desk, bright_data: FaultyBrightData) -> None:
    plan = await desk.plan(limit_per_input=3, max_records=9)
    await desk.start(plan)
    assert bright_data.bodies["trigger"] == [plan.body.encode()]
    query = dict(pair.split("=", 1) for pair in bright_data.seen[0][2].split("&"))
    assert query == dict(plan.query)
    assert query["limit_per_input"] == "3" and query["include_errors"] == "true"
    assert plan.worst_case_records == 3 and plan.estimated_cost == pytest.approx(0.0045)


async def test_starting_the_same_plan_again_shows_the_first_collection(
    desk: Desk, bright_data: FaultyBrightData
) -> None:
    plan = await desk.plan()
    first, second = await desk.start(plan), await desk.start(plan)
    assert first == second and bright_data.triggers == 1


@pytest.mark.parametrize(
    "fault",
    [faults.ResetAfterAccept(), faults.HalfAnAnswer()],
    ids=["connection reset", "half an answer"],
)
async def test_a_lost_reply_is_looked_up_and_never_sent_again(
    open_desk: OpenDesk, bright_data: FaultyBrightData, fault: faults.Fault
) -> None:
    desk = open_desk()
    bright_data.on("trigger", fault)
    with pytest.raises(OutcomeUnknown):
        await desk.start()
    unknown = await desk.only()
    assert unknown.state is CollectionState.UNKNOWN
    desk = open_desk()
    collection = await desk.resume(unknown.collection_id)
    assert collection.state is CollectionState.READY and collection.records > 0
    assert bright_data.triggers == bright_data.requests["trigger"] == 1
    operation = await desk.money.of_subject(collection.collection_id, "collect")
    assert operation is not None and operation.state is OperationState.CONFIRMED


@pytest.mark.parametrize("fault", [faults.ResetBefore(), faults.html_page(), faults.server_error()])
async def test_a_trigger_that_may_not_have_arrived_stays_unknown_until_the_list_tells(
    desk: Desk, bright_data: FaultyBrightData, fault: faults.Fault
) -> None:
    bright_data.on("trigger", fault)
    with pytest.raises(OutcomeUnknown):
        await desk.start()
    with pytest.raises(OutcomeUnknown, match="No snapshot of the account fits"):
        await desk.resume((await desk.only()).collection_id)
    assert (await desk.only()).state is CollectionState.UNKNOWN
    assert bright_data.requests["trigger"] == 1 and bright_data.triggers == 0


async def test_an_old_trigger_that_the_service_never_listed_is_settled_as_not_accepted(
    desk: Desk, bright_data: FaultyBrightData
) -> None:
    bright_data.on("trigger", faults.ResetBefore())
    with pytest.raises(OutcomeUnknown):
        await desk.start()
    with desk.workspace.database.write() as connection:
        connection.execute("UPDATE operations SET sent_at = '2026-01-01T00:00:00.000Z'")
    collection = await desk.resume((await desk.only()).collection_id)
    assert collection.state is CollectionState.FAILED and "never accepted" in collection.message
    assert (await desk.money.balance()).estimated_open == 0.0


async def test_several_fitting_snapshots_are_named_and_one_can_be_chosen(
    desk: Desk, bright_data: FaultyBrightData
) -> None:
    bright_data.on("trigger", faults.ResetAfterAccept())
    with pytest.raises(OutcomeUnknown):
        await desk.start()
    (job,) = bright_data.sandbox.book.all()
    other = bright_data.start_snapshot(job.order)
    unknown = await desk.only()
    with pytest.raises(OutcomeUnknown) as caught:
        await desk.resume(unknown.collection_id)
    assert job.id in caught.value.message and other in caught.value.message
    collection = await desk.follow(desk.collect.adopt(job.id))
    assert collection.collection_id == unknown.collection_id
    assert collection.state is CollectionState.READY and bright_data.requests["trigger"] == 1


@pytest.mark.parametrize("status", [401, 402, 403])
async def test_a_refused_key_ends_the_trigger_at_once(desk: Desk, bright_data: FaultyBrightData, status: int) -> None:
    bright_data.on("trigger", faults.Answer(status, "Invalid credentials for Bearer sandbox-key-123"))
    with pytest.raises(CredentialRefused) as caught:
        await desk.start()
    assert "Bright Data" in caught.value.message and "sandbox-key-123" not in caught.value.message
    assert bright_data.requests["trigger"] == 1
    assert (await desk.only()).state is CollectionState.FAILED


async def test_a_trigger_refused_with_429_is_not_sent_again(desk: Desk, bright_data: FaultyBrightData) -> None:
    bright_data.on("trigger", faults.too_many(retry_after=90))
    with pytest.raises(RateLimited) as caught:
        await desk.start()
    assert caught.value.retry_after == 90 and "90 s" in caught.value.message
    assert bright_data.requests["trigger"] == 1 and desk.time.sleeps == []


async def test_a_refused_input_names_the_field_and_its_reason(desk: Desk, bright_data: FaultyBrightData) -> None:
    body = {"error": "Invalid input provided", "errors": [["category_url", "This field must be a valid url"]]}
    bright_data.on("trigger", faults.Answer(400, json.dumps(body), faults.JSON))
    with pytest.raises(InvalidInput, match="category_url: This field must be a valid url"):
        await desk.start()


async def test_without_a_connection_nothing_was_sent(open_desk: OpenDesk) -> None:
    desk = open_desk(brightdata_url="http://127.0.0.1:9")
    with pytest.raises(Offline):
        await desk.start()
    assert (await desk.only()).state is CollectionState.FAILED
    assert await desk.collect.unfinished() == []


async def test_the_cap_refuses_before_anything_is_sent(open_desk: OpenDesk, bright_data: FaultyBrightData) -> None:
    desk = open_desk(cap_usd=0.01)
    with pytest.raises(CapExceeded):
        await desk.start()
    assert await desk.collect.collections() == [] and bright_data.seen == []


async def test_trouble_between_polls_never_ends_a_collection(desk: Desk, bright_data: FaultyBrightData) -> None:
    bright_data.on(
        "progress",
        faults.not_known_yet(),
        faults.server_error(),
        faults.too_many(retry_after=7),
        faults.ResetBefore(),
        faults.StatusWord("pondering"),
        faults.StatusWord(None),
        faults.too_many(retry_after="soon"),
        faults.html_page(),
    )
    collection = await desk.start()
    assert collection.state is CollectionState.READY
    assert bright_data.triggers == 1
    assert 7.0 in desk.time.sleeps
    phases = {event.collection.phase for event in desk.events if isinstance(event, CollectionChanged)}
    assert "pondering" in phases and any(phase.startswith("offline since") for phase in phases)


async def test_an_hour_offline_is_waited_out(desk: Desk, bright_data: FaultyBrightData) -> None:
    def network(sleeps: int) -> None:
        if sleeps == 1:
            bright_data.go_offline()
        if sleeps == 130:
            bright_data.go_online()

    desk.time.at_sleep = network
    collection = await desk.start()
    assert collection.state is CollectionState.READY and sum(desk.time.sleeps) > 3600
    assert bright_data.triggers == 1


async def test_a_resume_that_never_reaches_the_service_gives_up_and_keeps_everything(
    open_desk: OpenDesk, bright_data: FaultyBrightData
) -> None:
    desk = open_desk()
    bright_data.never_ready()
    with pytest.raises(StillRunning):
        await desk.start(deadline=30)
    bright_data.go_offline()
    desk = open_desk()
    with pytest.raises(Offline):
        await desk.resume((await desk.only()).collection_id)
    assert (await desk.only()).state is CollectionState.RUNNING


async def test_the_service_is_never_refused_so_often_that_it_blocks(desk: Desk, bright_data: FaultyBrightData) -> None:
    refused_at: list[float] = []

    def note(sleeps: int) -> None:
        refused_at.append(desk.time.moment)
        if sleeps == 60:
            bright_data.always("progress", None)

    desk.time.at_sleep = note
    bright_data.always("progress", faults.too_many(retry_after=1))
    collection = await desk.start()
    assert collection.state is CollectionState.READY
    most = max(sum(start <= moment < start + 300 for moment in refused_at) for start in refused_at)
    assert most <= 20


async def test_many_collections_at_once_are_together_never_refused_so_often_that_the_service_blocks(
    desk: Desk, bright_data: FaultyBrightData
) -> None:
    """Twelve collections against a service that refuses every poll for a while and blocks at 25 within 300 s."""
    bright_data.never_ready()
    for number in range(12):
        with pytest.raises(StillRunning):
            await desk.start(await desk.plan(max_records=number + 1), deadline=1)
    speed, refused_at = 600, []

    def now() -> float:
        return time.monotonic() * speed

    @dataclass(frozen=True)
    class Refusing:
        async def apply(self, exchange: faults.Exchange) -> None:
            refused_at.append(now())
            await faults.too_many().apply(exchange)
            if refused_at[-1] - refused_at[0] > 900:
                for kind in faults.MOVES_TIME:
                    bright_data.always(kind, None)

    bright_data.always("progress", Refusing())
    fast = Waiting(sleep=lambda seconds: asyncio.sleep(seconds / speed), monotonic=now, jitter=lambda: 0.0)
    collect = CollectService(desk.workspace, desk.settings, AccountsService(desk.settings), desk.money, waiting=fast)
    ids = [collection.collection_id for collection in await collect.unfinished()]
    try:
        ended = await asyncio.gather(*(desk.follow(collect.resume(collection_id)) for collection_id in ids))
    finally:
        await collect.aclose()
    assert len(ended) == 12 and {collection.state for collection in ended} == {CollectionState.READY}
    most = max(sum(start <= moment < start + 300 for moment in refused_at) for start in refused_at)
    assert 10 <= most <= 20 and bright_data.triggers == 12


async def test_an_absurd_wait_is_told_and_not_waited_for(desk: Desk, bright_data: FaultyBrightData) -> None:
    bright_data.on("progress", faults.too_many(retry_after=86_400))
    with pytest.raises(RateLimited) as caught:
        await desk.start()
    assert caught.value.retry_after == 86_400
    assert (await desk.only()).state is CollectionState.RUNNING


async def test_the_deadline_leaves_the_work_running_for_a_later_resume(
    open_desk: OpenDesk, bright_data: FaultyBrightData
) -> None:
    desk = open_desk()
    bright_data.never_ready()
    with pytest.raises(StillRunning):
        await desk.start(deadline=120)
    assert sum(desk.time.sleeps) == pytest.approx(120)
    running = await desk.only()
    assert running.state is CollectionState.RUNNING and running.snapshot_id
    for kind in faults.MOVES_TIME:
        bright_data.always(kind, None)
    desk = open_desk()
    assert (await desk.resume(running.collection_id)).state is CollectionState.READY
    assert bright_data.triggers == 1


async def test_polls_slow_down_and_the_persons_own_pace_wins(
    open_desk: OpenDesk, bright_data: FaultyBrightData
) -> None:
    bright_data.never_ready()
    desk = open_desk()
    with pytest.raises(StillRunning):
        await desk.start(deadline=150)
    assert desk.time.sleeps[:5] == [2, 4, 8, 16, 30]
    quick = open_desk(poll_seconds=0.5)
    with pytest.raises(StillRunning):
        await quick.resume((await quick.only()).collection_id, deadline=2)
    assert set(quick.time.sleeps) == {0.5}


async def test_ready_may_still_answer_202_as_status_or_as_words(desk: Desk, bright_data: FaultyBrightData) -> None:
    notice = json.dumps({"status": "building", "message": "Snapshot is building, try again in 30s"})
    bright_data.on("snapshot", faults.still_building("Snapshot is building, try again in 11s"))
    bright_data.on("snapshot", faults.Answer(200, notice, faults.JSON))
    collection = await desk.start()
    assert collection.state is CollectionState.READY and 11.0 in desk.time.sleeps


async def test_an_empty_snapshot_is_an_end_and_not_an_error_of_ours(desk: Desk, bright_data: FaultyBrightData) -> None:
    bright_data.always("snapshot", faults.empty_snapshot())
    collection = await desk.start()
    assert collection.state is CollectionState.EMPTY and "empty" in collection.message.lower()
    assert bright_data.requests["snapshot"] <= 2


@pytest.mark.parametrize("key", ["error_message", "failure_reason", "error"])
async def test_a_failed_snapshot_keeps_the_services_own_words(
    desk: Desk, bright_data: FaultyBrightData, key: str
) -> None:
    bright_data.on("progress", faults.Failed("No data found in discovery", key))
    collection = await desk.start()
    assert collection.state is CollectionState.FAILED
    assert "No data found in discovery" in collection.message


async def test_an_expired_snapshot_is_said_plainly(desk: Desk, bright_data: FaultyBrightData) -> None:
    bright_data.always("snapshot", faults.expired_snapshot())
    collection = await desk.start()
    assert collection.state is CollectionState.FAILED and "expired" in collection.message


@pytest.mark.parametrize(
    "fault",
    [
        faults.CutBody(0.6, "right"),
        faults.CutBody(0.6, "wrong"),
        faults.CutBody(0.6, "none"),
        faults.CutLine(),
        faults.NotGzip(as_encoding=True),
        faults.html_page(),
    ],
    ids=["whole by its length", "short of its length", "no length", "half a line", "no gzip", "a web page"],
)
async def test_a_cut_download_is_fetched_again_and_never_taken_for_whole(
    open_desk: OpenDesk, bright_data: FaultyBrightData, fault: faults.Fault
) -> None:
    desk = open_desk()
    bright_data.on("snapshot", fault)
    collection = await desk.start()
    assert collection.state is CollectionState.READY and collection.rejected == 0
    assert bright_data.triggers == 1 and bright_data.requests["snapshot"] >= 2
    announced = next(iter(bright_data.sandbox.book.all()))
    assert announced.id == collection.snapshot_id
    assert len(await desk.collect.records_of(collection.collection_id)) == collection.new + collection.errors


async def test_a_download_that_stays_cut_ends_with_try_later_and_goes_on_later(
    open_desk: OpenDesk, bright_data: FaultyBrightData
) -> None:
    desk = open_desk()
    bright_data.always("snapshot", faults.CutBody(0.6, "wrong"))
    with pytest.raises(WebtuneError) as caught:
        await desk.start()
    assert caught.value.exit_code == 3
    bright_data.always("snapshot", None)
    desk = open_desk()
    assert (await desk.resume((await desk.only()).collection_id)).state is CollectionState.READY
    assert bright_data.triggers == 1


async def test_bodies_that_end_at_different_records_are_never_taken_for_whole(
    desk: Desk, bright_data: FaultyBrightData
) -> None:
    """Cut where a record ends and without a length, nothing but the announced count tells."""
    lengths = iter(range(1, 100))
    bright_data.always("snapshot", faults.Changed(lambda rows: rows[: next(lengths)]))
    with pytest.raises(CutBody, match="fewer records"):
        await desk.start()
    assert (await desk.only()).state is CollectionState.RUNNING
    bright_data.always("snapshot", None)
    assert (await desk.resume((await desk.only()).collection_id)).state is CollectionState.READY


async def test_the_same_fewer_records_twice_are_what_the_service_has(desk: Desk, bright_data: FaultyBrightData) -> None:
    bright_data.always("snapshot", faults.Changed(lambda rows: rows[:3]))
    collection = await desk.start()
    assert collection.state is CollectionState.READY and collection.records + collection.errors == 3
    log = [message for _, level, message in await desk.collect.events_of(collection.collection_id) if level == "warn"]
    assert any("announced" in message and "sent 3" in message for message in log)


async def test_a_packed_bomb_is_stopped_at_a_stated_limit(
    desk: Desk, bright_data: FaultyBrightData, tmp_path: Path
) -> None:
    bright_data.always("snapshot", faults.GzipBomb())
    with pytest.raises(WorkFailed, match="grows more than"):
        await desk.start()
    part = next(tmp_path.rglob("*.part"))
    assert part.stat().st_size < 100_000_000


async def test_the_same_records_again_are_duplicates_and_changed_ones_take_their_place(
    open_desk: OpenDesk, bright_data: FaultyBrightData
) -> None:
    desk = open_desk()
    first = await desk.start()
    second = await desk.start()
    assert second.new == 0 and second.duplicates == second.records == first.records
    bright_data.on("snapshot", faults.Changed(lambda rows: [{**row, "title": "New title"} for row in rows]))
    third = await desk.start()
    assert third.new == 0 and third.changed > 0
    with desk.workspace.database.read() as connection:
        live = connection.execute("SELECT count(*) FROM records WHERE superseded_by IS NULL AND kind = 'data'")
        assert live.fetchone()[0] == first.new


async def test_rows_without_data_are_kept_apart_and_make_no_success(desk: Desk, bright_data: FaultyBrightData) -> None:
    bright_data.always("snapshot", faults.warnings_only())
    collection = await desk.start()
    assert collection.state is CollectionState.EMPTY and collection.errors > 0 and collection.records == 0
    assert {kind for _, kind, _ in stored_rows(desk)} == {RecordKind.WARNING.value}


async def test_odd_values_are_stored_as_they_came(desk: Desk, bright_data: FaultyBrightData) -> None:
    bright_data.always("snapshot", faults.odd_ratings())
    collection = await desk.start()
    records = await desk.collect.records_of(collection.collection_id, limit=5)
    assert {type(record.fields.get("rating")) for record in records} > {int, float}


async def test_a_key_that_is_revoked_in_the_middle_pauses_the_work(
    open_desk: OpenDesk, bright_data: FaultyBrightData
) -> None:
    desk = open_desk()
    bright_data.on("progress", faults.unauthorized())
    with pytest.raises(CredentialRefused):
        await desk.start()
    running = await desk.only()
    assert running.state is CollectionState.RUNNING
    assert (await desk.resume(running.collection_id)).state is CollectionState.READY


async def test_cancel_answers_the_true_state(desk: Desk, bright_data: FaultyBrightData) -> None:
    bright_data.seconds_per_call = 0
    with pytest.raises(StillRunning):
        await desk.start(deadline=5)
    collection = await desk.collect.cancel((await desk.only()).collection_id)
    assert collection.state is CollectionState.CANCELLED
    assert bright_data.requests["cancel"] == 1
    assert await desk.collect.unfinished() == []


async def test_an_existing_snapshot_is_taken_over_once(desk: Desk, bright_data: FaultyBrightData) -> None:
    first = await desk.start()
    (job,) = bright_data.sandbox.book.all()
    stranger = bright_data.start_snapshot(job.order)
    adopted = await desk.follow(desk.collect.adopt(stranger))
    assert adopted.state is CollectionState.READY and adopted.label == "Amazon products"
    assert adopted.duplicates == adopted.records == first.records
    again = await desk.follow(desk.collect.adopt(stranger))
    assert again.collection_id == adopted.collection_id
    assert any(isinstance(event, Noted) and "already" in event.message for event in desk.events)
    assert bright_data.requests["trigger"] == 1


async def test_a_snapshot_of_nobody_is_not_found(desk: Desk, bright_data: FaultyBrightData) -> None:
    with pytest.raises(NotFound):
        await desk.follow(desk.collect.adopt("sd_doesnotexist00001"))
    assert await desk.collect.collections() == []


async def test_unknown_scrapers_and_inputs_are_refused_before_anything_is_sent(
    desk: Desk, bright_data: FaultyBrightData
) -> None:
    with pytest.raises(NotFound) as unknown:
        await desk.collect.plan("amazon-product", [{"url": "https://www.amazon.com/dp/B0"}])
    assert "amazon-products" in unknown.value.hint
    with pytest.raises(UsageError, match="no door for asin_list"):
        await desk.collect.plan("amazon-products", [{"asin_list": "B0"}])
    with pytest.raises(UsageError, match="not a web address"):
        await desk.collect.plan("amazon-products", [{"category_url": "office"}])
    assert bright_data.seen == []


@pytest.mark.parametrize("left_over", ["records.ndjson.part", "records.ndjson", "half stored"])
async def test_a_killed_run_goes_on_from_what_lies_on_disk(
    open_desk: OpenDesk, bright_data: FaultyBrightData, left_over: str
) -> None:
    desk = open_desk()
    whole = await desk.start()
    rows = stored_rows(desk)
    folder = desk.workspace.raw_folder(whole.collection_id)
    with desk.workspace.database.write() as connection:  # what a kill at that moment leaves
        connection.execute("UPDATE collections SET state = 'running', records = 0, new = 0, duplicates = 0")
        connection.execute("DELETE FROM records")
        connection.execute("DELETE FROM meta WHERE key LIKE 'stored:%'")
        connection.execute("DELETE FROM ledger WHERE kind = 'charge'")
    (folder / "manifest.json").unlink()
    if left_over == "records.ndjson.part":
        (folder / "records.ndjson").rename(folder / left_over)
    desk = open_desk()
    again = await desk.resume(whole.collection_id)
    assert (again.state, again.records, again.new) == (CollectionState.READY, whole.records, whole.new)
    assert stored_rows(desk) == rows and (folder / "manifest.json").exists()
    assert bright_data.triggers == 1


async def test_a_draft_that_was_never_sent_is_given_up(open_desk: OpenDesk, bright_data: FaultyBrightData) -> None:
    desk = open_desk()
    events = desk.collect.start(await desk.plan())
    await anext(events)  # stored, and nothing sent yet
    await events.aclose()
    (draft,) = await desk.collect.unfinished()
    assert draft.state is CollectionState.DRAFT
    collection = await desk.resume(draft.collection_id)
    assert collection.state is CollectionState.CANCELLED and "never sent" in collection.message
    assert bright_data.seen == [] and await desk.collect.unfinished() == []


async def test_a_collection_is_followed_once_at_a_time(desk: Desk, bright_data: FaultyBrightData) -> None:
    events = desk.collect.start(await desk.plan())
    await anext(events)
    draft = await desk.only()
    assert await desk.resume(draft.collection_id) == draft
    assert any(isinstance(event, Noted) and "already" in event.message for event in desk.events)
    collection = await desk.follow(events)
    assert collection.state is CollectionState.READY
    assert bright_data.triggers == 1 and bright_data.requests["snapshot"] <= 2
