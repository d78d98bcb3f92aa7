"""Large snapshots in batches: each fetched once, whatever the service's way of counting and whatever interrupts."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.integration.collect.conftest import Desk, OpenDesk
from tests.servers import brightdata as faults
from tests.servers.brightdata import FaultyBrightData
from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.records import CollectionState
from webtune_tui.services import raw_data
from webtune_tui.storage.records import RecordRepository

ROWS, ERRORS = 3500, 3
SMALL = {"batches_from_records": 2000, "records_per_batch": 1000}


def asked_parts(service: FaultyBrightData) -> Counter[str]:
    """How often each batch was asked for; the whole body counts as ``whole``."""
    queries = [query for _, path, query in service.seen if faults.kind_of(path) == "snapshot"]
    return Counter(query.partition("part=")[2] or "whole" for query in queries)


def delivered_rows(desk: Desk, raw_path: str | None) -> list[dict[str, object]]:
    assert raw_path
    return [json.loads(line) for line in desk.workspace.absolute(raw_path).read_text().splitlines()]


@pytest.fixture
def large(open_desk: OpenDesk, bright_data: FaultyBrightData) -> Desk:
    bright_data.deliver(ROWS)
    return open_desk(**SMALL)


async def test_a_large_snapshot_comes_in_batches_and_is_joined_in_order(
    large: Desk, bright_data: FaultyBrightData
) -> None:
    bright_data.sandbox.book.timing = faults.Timing(ready_lag=0)
    collection = await large.start()
    assert (collection.state, collection.records, collection.errors) == (CollectionState.READY, ROWS - ERRORS, ERRORS)
    assert delivered_rows(large, collection.raw_path) == [faults.small_row(number) for number in range(ROWS)]
    assert asked_parts(bright_data) == {"1": 1, "2": 1, "3": 1, "4": 1}
    assert sorted(path.name for path in large.workspace.raw_folder(collection.collection_id).iterdir()) == [
        "manifest.json",
        "records.ndjson",
    ]


async def test_a_small_snapshot_comes_whole(open_desk: OpenDesk, bright_data: FaultyBrightData) -> None:
    bright_data.deliver(1500)
    collection = await open_desk(**SMALL).start()
    assert collection.state is CollectionState.READY
    assert set(asked_parts(bright_data)) == {"whole"} and bright_data.requests["parts"] == 0


@pytest.mark.parametrize("beyond", ["refused", "empty", "clamped"])
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("rows", [3000, 2003])
async def test_batches_may_be_counted_from_nought_or_one(
    large: Desk, bright_data: FaultyBrightData, first: int, beyond: str, rows: int
) -> None:
    bright_data.deliver(rows)
    for kind in ("parts", "snapshot"):
        bright_data.always(kind, faults.Batches(first, beyond))
    collection = await large.start()
    assert collection.records + collection.errors == rows and collection.duplicates == 0
    assert delivered_rows(large, collection.raw_path) == [faults.small_row(number) for number in range(rows)]
    asked = asked_parts(bright_data)
    assert "whole" not in asked and max(asked.values()) == 1


async def test_records_that_stand_in_two_batches_are_stored_once(large: Desk, bright_data: FaultyBrightData) -> None:
    for kind in ("parts", "snapshot"):
        bright_data.always(kind, faults.Batches(1, overlap=50))
    collection = await large.start()
    assert collection.state is CollectionState.READY and collection.new == ROWS - ERRORS
    assert collection.duplicates > 0 and collection.changed == 0 and collection.errors == ERRORS
    repeated = RecordRepository(large.workspace.database).repeated_in(collection)
    assert repeated == collection.records - (ROWS - ERRORS)
    assert raw_data.surplus_of(large.workspace.raw_folder(collection.collection_id)) >= repeated


@pytest.mark.parametrize(
    "refusal",
    [
        faults.Answer(404, "Not found"),
        faults.Answer(400, '{"validation_errors":["\\"batch_size\\" is not allowed"]}', faults.JSON),
        faults.Answer(200, '{"parts": 1}', faults.JSON),
        faults.Answer(200, '{"parts": "many"}', faults.JSON),
        faults.html_page(),
    ],
)
async def test_where_batches_are_refused_the_whole_body_is_fetched(
    large: Desk, bright_data: FaultyBrightData, refusal: faults.Fault
) -> None:
    bright_data.always("parts", refusal)
    collection = await large.start()
    assert collection.state is CollectionState.READY and collection.new == ROWS - ERRORS
    assert asked_parts(bright_data)["whole"] >= 1


async def test_a_service_that_ignores_batches_is_asked_for_the_whole(
    large: Desk, bright_data: FaultyBrightData
) -> None:
    bright_data.always("snapshot", faults.BatchesIgnored())
    collection = await large.start()
    assert collection.state is CollectionState.READY and collection.new == ROWS - ERRORS
    assert not (large.workspace.raw_folder(collection.collection_id) / "parts").exists()


@pytest.mark.parametrize(
    ("fault", "at"),
    [
        (faults.CutBody(0.6, "right"), 0),
        (faults.CutBody(0.55, "right"), 2),
        (faults.CutBody(0.6, "wrong"), 1),
        (faults.CutBody(0.6, "none"), 3),
        (faults.CutLine(), 2),
        (faults.NotGzip(), 1),
        (faults.too_many(retry_after=3), 2),
        (faults.ResetBefore(), 3),
        (faults.still_building(), 0),
    ],
)
async def test_only_the_batch_that_was_cut_is_fetched_again(
    large: Desk, bright_data: FaultyBrightData, fault: faults.Fault, at: int
) -> None:
    bright_data.sandbox.book.timing = faults.Timing(ready_lag=0)
    bright_data.on("snapshot", *[faults.Plain()] * at, fault)
    collection = await large.start()
    assert collection.state is CollectionState.READY and collection.records == ROWS - ERRORS
    assert delivered_rows(large, collection.raw_path) == [faults.small_row(number) for number in range(ROWS)]
    asked = asked_parts(bright_data)
    assert "whole" not in asked and sum(asked.values()) == 5, asked


async def test_finished_batches_are_not_fetched_again_by_the_next_start(
    open_desk: OpenDesk, bright_data: FaultyBrightData, large: Desk
) -> None:
    bright_data.sandbox.book.timing = faults.Timing(ready_lag=0)
    bright_data.on("snapshot", *[faults.Plain()] * 2)
    bright_data.always("snapshot", faults.CutBody(0.5, "wrong"))
    with pytest.raises(WebtuneError) as caught:
        await large.start()
    assert caught.value.exit_code == 3
    bright_data.always("snapshot", None)
    bright_data.seen.clear()
    desk = open_desk(**SMALL)
    collection = await desk.resume((await desk.only()).collection_id)
    assert collection.state is CollectionState.READY and collection.records == ROWS - ERRORS
    assert asked_parts(bright_data) == {"1": 1, "2": 1} and bright_data.triggers == 1


async def test_a_batch_that_stays_short_is_taken_when_it_comes_the_same_twice(
    large: Desk, bright_data: FaultyBrightData
) -> None:
    """Batches may be counted by records while rows of errors come on top or are left out."""
    bright_data.always("snapshot", faults.Changed(lambda rows: [row for row in rows if "error" not in row]))
    collection = await large.start()
    assert collection.state is CollectionState.READY and collection.records == ROWS - ERRORS
    assert "whole" not in asked_parts(bright_data)
