"""Records of ready datasets: a filter that is checked, priced, sent once, and followed like a scraper's snapshot."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.collect.conftest import Desk, OpenDesk
from tests.servers import brightdata as faults
from tests.servers.brightdata import FaultyBrightData
from webtune_tui.domain.errors import (
    CapExceeded,
    CredentialRefused,
    InvalidInput,
    OutcomeUnknown,
    RateLimited,
    StillRunning,
    UsageError,
)
from webtune_tui.domain.records import Collection, CollectionState
from webtune_tui.services.collect import CollectPlan
from webtune_tui.sources.base import SnapshotEmpty

DATASET = "gd_l7q7dkf244hwjntr0"
GOOD: dict[str, Any] = {"name": "rating", "operator": ">=", "value": 4.5}


async def plan_of(desk: Desk, condition: dict[str, Any] = GOOD, max_records: int | None = 30) -> CollectPlan:
    return await desk.collect.plan_filter(DATASET, condition, max_records=max_records)


async def collect(desk: Desk, **changes: Any) -> Collection:
    return await desk.start(await plan_of(desk, **changes))


async def test_a_filter_is_sent_once_and_its_records_are_stored_with_a_receipt(
    desk: Desk, bright_data: FaultyBrightData
) -> None:
    plan = await plan_of(desk)
    assert plan.estimated_cost == pytest.approx(30 * 2.5 / 1000) and "$2.5 per 1,000" in plan.basis
    collection = await desk.start(plan)
    assert collection.state is CollectionState.READY and 0 < collection.records <= 30
    assert collection.source == "marketplace" and str(collection.snapshot_id).startswith("snap_")
    assert bright_data.bodies["filter"] == [plan.body.encode()]
    assert json.loads(plan.body) == {"dataset_id": DATASET, "records_limit": 30, "filter": GOOD}
    records = await desk.collect.records_of(collection.collection_id)
    assert all(record.fields["rating"] >= 4.5 for record in records)
    assert all(record.key.startswith("asin:") for record in records)


async def test_what_a_scraper_brought_before_is_a_duplicate_from_the_marketplace(desk: Desk) -> None:
    first = await collect(desk)
    again = await collect(desk)
    assert again.duplicates == again.records == first.records and again.new == 0


async def test_the_plan_can_be_copied_as_a_command_and_as_curl(desk: Desk) -> None:
    both = {"operator": "or", "filters": [GOOD, {"name": "brand", "operator": "is_not_null"}]}
    plan = await plan_of(desk, both)
    assert plan.command == (
        f"webtune collect dataset {DATASET} --where 'rating >= 4.5' --where 'brand is_not_null' --any --max-records 30"
    )
    assert "/datasets/filter" in plan.curl and "$BRIGHTDATA_API_TOKEN" in plan.curl


async def test_unknown_fields_are_refused_before_anything_is_sent(desk: Desk, bright_data: FaultyBrightData) -> None:
    with pytest.raises(UsageError, match="no field 'colour'"):
        await plan_of(desk, {"name": "colour", "operator": "=", "value": "red"})
    assert bright_data.requests["filter"] == 0


async def test_where_the_fields_cannot_be_told_the_service_judges(desk: Desk, bright_data: FaultyBrightData) -> None:
    bright_data.always("metadata", faults.Answer(404, "dataset does not exist"))
    plan = await plan_of(desk, {"name": "colour", "operator": "=", "value": "red"})
    with pytest.raises(InvalidInput, match="must be one of the fields"):
        await desk.start(plan)


async def test_no_match_is_an_end_that_costs_nothing(desk: Desk, bright_data: FaultyBrightData) -> None:
    plan = await plan_of(desk, {"name": "rating", "operator": ">", "value": 99})
    with pytest.raises(SnapshotEmpty, match="did not match any records"):
        await desk.start(plan)
    collection = await desk.only()
    assert collection.state is CollectionState.EMPTY and collection.cost == 0.0
    assert (await desk.money.balance()).estimated_open == 0.0
    assert bright_data.requests["filter"] == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.Answer(402, '{"error":"Your current balance is insufficient ($220 is missing)"}'), CredentialRefused),
        (faults.Answer(429, '{"error":"Maximum limit of 5 jobs per dataset has been exceeded"}'), RateLimited),
        (faults.Answer(400, '{"validation_errors":["no"]}'), InvalidInput),
        (faults.ResetAfterAccept(), OutcomeUnknown),
        (faults.HalfAnAnswer(), OutcomeUnknown),
        (faults.server_error(), OutcomeUnknown),
        (faults.html_page(), OutcomeUnknown),
    ],
)
async def test_every_refusal_is_told_and_nothing_is_sent_twice(
    desk: Desk, bright_data: FaultyBrightData, fault: faults.Fault, error: type[Exception]
) -> None:
    bright_data.always("filter", fault)
    with pytest.raises(error):
        await collect(desk)
    assert bright_data.requests["filter"] == 1


async def test_a_lost_reply_is_looked_up_in_the_marketplaces_own_list(
    open_desk: OpenDesk, bright_data: FaultyBrightData
) -> None:
    desk = open_desk()
    bright_data.on("filter", faults.ResetAfterAccept())
    with pytest.raises(OutcomeUnknown):
        await collect(desk)
    desk = open_desk()
    collection = await desk.resume((await desk.only()).collection_id)
    assert collection.state is CollectionState.READY and bright_data.requests["filter"] == 1


async def test_a_snapshot_of_the_marketplace_is_taken_over_by_its_id(
    open_desk: OpenDesk, bright_data: FaultyBrightData, tmp_path: Any
) -> None:
    desk = open_desk()
    first = await collect(desk)
    with desk.workspace.database.write() as connection:
        connection.execute("UPDATE collections SET snapshot_id = 'snap_other'")
    assert first.snapshot_id is not None
    adopted = await desk.follow(desk.collect.adopt(first.snapshot_id))
    assert adopted.state is CollectionState.READY and adopted.source == "marketplace"
    assert adopted.request["price_per_1000"] == 2.5 and bright_data.requests["filter"] == 1


async def test_the_download_survives_202_cuts_and_a_restart(open_desk: OpenDesk, bright_data: FaultyBrightData) -> None:
    desk = open_desk()
    bright_data.on(
        "filter_download",
        faults.still_building(),
        faults.CutBody(0.6, "wrong"),
        faults.CutBody(0.6, "right"),
        faults.server_error(),
    )
    with pytest.raises(StillRunning):
        await desk.start(await plan_of(desk), deadline=1)
    desk = open_desk()
    collection = await desk.resume((await desk.only()).collection_id)
    assert collection.state is CollectionState.READY and collection.rejected == 0
    assert bright_data.requests["filter"] == 1


async def test_a_filter_cannot_be_cancelled_and_that_is_said(desk: Desk, bright_data: FaultyBrightData) -> None:
    bright_data.always("filter_snapshot", faults.StatusWord("scheduled"))
    with pytest.raises(StillRunning):
        await desk.start(await plan_of(desk), deadline=1)
    with pytest.raises(UsageError, match="can't cancel"):
        await desk.collect.cancel((await desk.only()).collection_id)


async def test_the_cap_and_a_small_default_limit_hold_for_filters_too(open_desk: OpenDesk) -> None:
    desk = open_desk(cap_usd=0.01)
    plan = await plan_of(desk, max_records=None)
    assert plan.worst_case_records == desk.settings.max_records
    with pytest.raises(CapExceeded):
        await desk.start(plan)
