"""A lost reply is found again by scraper, time and inputs."""

from __future__ import annotations

import dataclasses
import json
import time
from email.utils import formatdate

import pytest

from tests.integration.collect.conftest import CATEGORY, Desk
from tests.servers import brightdata as faults
from tests.servers.brightdata import FaultyBrightData
from webtune_tui.domain.clock import parse_rfc3339, rfc3339
from webtune_tui.domain.errors import OutcomeUnknown, RateLimited
from webtune_tui.domain.records import CollectionState
from webtune_tui.sources import brightdata_requests as wire


async def lose_a_reply(desk: Desk, service: FaultyBrightData) -> str:
    service.on("trigger", faults.ResetAfterAccept())
    with pytest.raises(OutcomeUnknown):
        await desk.start()
    (job,) = service.sandbox.book.all()
    return job.id


def start_beside(service: FaultyBrightData, *inputs: dict[str, str]) -> str:
    """A snapshot of the same scraper that somebody else started at the same time."""
    order = service.sandbox.book.all()[-1].order
    return service.start_snapshot(dataclasses.replace(order, inputs=list(inputs)))


async def test_of_several_at_the_same_time_the_inputs_decide(desk: Desk, bright_data: FaultyBrightData) -> None:
    ours = await lose_a_reply(desk, bright_data)
    start_beside(bright_data, {"category_url": "https://www.amazon.com/gp/bestsellers/garden"})
    start_beside(bright_data, {"category_url": CATEGORY}, {"category_url": CATEGORY + "?page=2"})
    collection = await desk.resume((await desk.only()).collection_id)
    assert collection.state is CollectionState.READY and collection.snapshot_id == ours
    assert bright_data.requests["trigger"] == 1


async def test_the_only_one_of_the_time_with_other_inputs_is_offered_and_not_taken(
    desk: Desk, bright_data: FaultyBrightData
) -> None:
    bright_data.on("trigger", faults.ResetBefore())
    with pytest.raises(OutcomeUnknown):
        await desk.start()
    order = faults.Order("gd_l7q7dkf244hwjntr0", "discover_by_keyword", [{"keyword": "kettle"}])
    stranger = bright_data.start_snapshot(order)
    with pytest.raises(OutcomeUnknown, match=r"1 snapshot fits .* with other inputs") as caught:
        await desk.resume((await desk.only()).collection_id)
    assert stranger in caught.value.message and "collect snapshot" in caught.value.hint
    assert (await desk.only()).state is CollectionState.UNKNOWN


@pytest.mark.parametrize(
    "fault", [faults.Answer(400, "Snapshot input does not exist"), faults.server_error(), faults.html_page()]
)
async def test_where_the_inputs_cannot_be_told_the_only_one_is_taken_and_several_are_offered(
    desk: Desk, bright_data: FaultyBrightData, fault: faults.Fault
) -> None:
    bright_data.always("input", fault)
    ours = await lose_a_reply(desk, bright_data)
    other = start_beside(bright_data, {"category_url": "https://www.amazon.com/gp/bestsellers/garden"})
    unknown = await desk.only()
    with pytest.raises(OutcomeUnknown, match="2 snapshots fit") as caught:
        await desk.resume(unknown.collection_id)
    assert ours in caught.value.message and other in caught.value.message
    collection = await desk.follow(desk.collect.adopt(ours))
    assert collection.collection_id == unknown.collection_id and collection.state is CollectionState.READY


async def test_a_lookup_that_is_told_to_slow_down_decides_nothing(desk: Desk, bright_data: FaultyBrightData) -> None:
    await lose_a_reply(desk, bright_data)
    bright_data.on("input", faults.too_many(retry_after=5))
    with pytest.raises(RateLimited):
        await desk.resume((await desk.only()).collection_id)
    assert (await desk.only()).state is CollectionState.UNKNOWN
    desk.time.moment += 5
    assert (await desk.resume((await desk.only()).collection_id)).state is CollectionState.READY


@pytest.mark.parametrize("hours", [-30, -3, 3, 30])
async def test_a_clock_that_is_wrong_here_does_not_hide_the_snapshot(
    desk: Desk, bright_data: FaultyBrightData, hours: int
) -> None:
    """The service has another time, by its list and by the date of its answers."""
    ours = await lose_a_reply(desk, bright_data)

    @dataclasses.dataclass(frozen=True)
    class OtherTime:
        async def apply(self, exchange: faults.Exchange) -> None:
            exchange.scope["query_string"] = b"dataset_id=gd_l7q7dkf244hwjntr0"
            answered = await exchange.ask()
            rows = json.loads(answered.body)
            for row in rows:
                row["created"] = rfc3339(parse_rfc3339(row["created"]).timestamp() + hours * 3600)
            date = formatdate(time.time() + hours * 3600, usegmt=True)
            head = f"HTTP/1.1 200 OK\r\ndate: {date}\r\ncontent-type: {faults.JSON}\r\nconnection: close\r\n\r\n"
            exchange.write_and_close(head.encode("ascii") + json.dumps(rows).encode())

    bright_data.always("snapshots", OtherTime())
    collection = await desk.resume((await desk.only()).collection_id)
    assert collection.state is CollectionState.READY and collection.snapshot_id == ours


@pytest.mark.parametrize(
    ("ours", "text", "expected"),
    [
        ([{"url": "https://a.example", "zip": "1"}], "zip,url\n1,https://a.example", True),
        ([{"url": "u", "all": False, "n": 3}], "n,all,url\n3,false,u", True),
        ([{"url": "u"}], "url,language\nu,EN", True),
        ([{"url": "u"}, {"url": "v"}], "url\nv\nu\n", True),
        ([{"url": "u"}, {"url": "u"}], "url\nu\n", False),
        ([{"url": "u"}], "url\nv", False),
        ([{"q": 'a "b", c\nd'}], 'q\n"a ""b"", c\nd"', True),
        ([{"url": "u", "empty": ""}], "url,empty\nu,", True),
    ],
)
def test_inputs_are_compared_whatever_the_order_of_columns_and_rows(
    ours: list[dict[str, object]], text: str, expected: bool
) -> None:
    theirs = wire.inputs_of(text)
    assert theirs is not None and wire.same_inputs(ours, theirs) is expected


@pytest.mark.parametrize("text", ["", "url", 'url\n"broken', "url\na,b,c"])
def test_a_table_of_inputs_that_cannot_be_read_tells_nothing(text: str) -> None:
    assert wire.inputs_of(text) is None
