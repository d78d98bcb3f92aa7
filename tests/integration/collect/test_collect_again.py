"""Collecting the same again: what is new, changed and gone; every row knows where its bytes lie."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.collect.conftest import Desk, OpenDesk
from tests.servers.brightdata import Changed, FaultyBrightData
from webtune_tui.domain.records import CollectionState
from webtune_tui.services.drift import DriftService
from webtune_tui.services.field_drift import FieldDrift


def later(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The next time: one product is gone, one is new, one costs more, and a field has another name."""
    products = sorted((row for row in rows if row.get("asin")), key=lambda row: str(row["asin"]))
    errors = [row for row in rows if not row.get("asin")]
    kept = [{**row, "timestamp": "2027-01-01T00:00:00.000Z"} for row in products[1:]]
    kept[0] = kept[0] | {"title": "Another title"}
    fresh = products[1] | {"asin": "B0NEWNEW01", "url": "https://www.amazon.com/dp/B0NEWNEW01", "energy_label": "A"}
    return [*reversed(kept), fresh, *errors]


async def test_the_same_again_brings_only_what_is_new_or_changed_and_tells_what_is_gone(
    desk: Desk, bright_data: FaultyBrightData
) -> None:
    first = await desk.start()
    assert (first.previous_id, first.gone) == (None, None)
    bright_data.on("snapshot", Changed(later))
    again = await desk.start()
    assert again.state is CollectionState.READY
    assert (again.previous_id, again.gone) == (first.collection_id, 1)
    assert (again.new, again.changed, again.duplicates) == (1, 1, again.records - 2)
    log = [message for _, _, message in await desk.collect.events_of(again.collection_id)]
    assert any(f"1 new, 1 changed, 1 gone since {first.created_at[:10]}" in message for message in log)

    drift = await DriftService(desk.workspace).report(again.collection_id)
    assert drift is not None and drift.previous_id == first.collection_id
    assert (drift.new, drift.changed, drift.gone) == (1, 1, 1)
    delivered = await desk.collect.records_of(first.collection_id, limit=100)
    assert drift.gone_sample == (min(delivered, key=lambda one: str(one.fields["asin"])).url,)
    assert FieldDrift("energy_label", "appeared", None, round(1 / again.records, 3)) in drift.fields
    assert await DriftService(desk.workspace).report(first.collection_id) is None


async def test_a_third_time_is_compared_with_the_second(desk: Desk, bright_data: FaultyBrightData) -> None:
    first = await desk.start()
    bright_data.always("snapshot", Changed(lambda rows: rows[: len(rows) // 2]))
    second = await desk.start()
    bright_data.always("snapshot", None)
    third = await desk.start()
    assert second.previous_id == first.collection_id and second.new == 0
    kept = {one.key for one in await desk.collect.records_of(second.collection_id, limit=100)}
    assert second.gone == first.new - len(kept) > 0
    assert (third.previous_id, third.gone, third.new) == (second.collection_id, 0, 0)
    assert third.duplicates == first.records


async def test_a_request_for_other_things_is_compared_with_nothing(desk: Desk) -> None:
    await desk.start()
    other = await desk.collect.plan("amazon-products", [{"url": "https://www.amazon.com/dp/B0ZZKTL001"}])
    collection = await desk.start(other)
    assert collection.previous_id is None and collection.gone is None


async def test_the_bytes_of_every_delivered_row_lie_where_its_record_says(
    desk: Desk, bright_data: FaultyBrightData
) -> None:
    await desk.start()
    bright_data.on("snapshot", Changed(lambda rows: [*rows[3:], *rows[:3]]))
    again = await desk.start()
    assert again.duplicates == again.records and again.raw_path is not None
    raw = desk.workspace.absolute(again.raw_path).read_bytes()
    delivered = await desk.collect.records_of(again.collection_id, limit=10_000)
    assert [one.position for one in delivered if one.kind == "data"] == [
        position for position, line in enumerate(raw.splitlines()) if b'"asin"' in line
    ]
    for one in delivered:
        assert one.place.start is not None and one.place.length is not None and one.place.file == ""
        fields = json.loads(raw[one.place.start : one.place.start + one.place.length])
        assert fields.get("asin") == one.fields.get("asin")
        assert raw[: one.place.start].count(b"\n") + 1 == one.place.line


async def test_killed_before_the_comparison_it_is_made_at_the_next_start(
    open_desk: OpenDesk, bright_data: FaultyBrightData, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk()
    first = await desk.start()
    bright_data.on("snapshot", Changed(later))

    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    for killed_in in ("storage.history.HistoryRepository.gone", "storage.history.HistoryRepository.keep_profile"):
        with monkeypatch.context() as patched:
            patched.setattr(f"webtune_tui.{killed_in}", die)
            with pytest.raises(Killed):
                if killed_in.endswith("gone"):
                    await desk.start()
                else:
                    (unfinished,) = await desk.collect.unfinished()
                    await desk.resume(unfinished.collection_id)
        desk = open_desk()
    (unfinished,) = await desk.collect.unfinished()
    again = await desk.resume(unfinished.collection_id)
    assert (again.state, again.previous_id, again.gone) == (CollectionState.READY, first.collection_id, 1)
    assert (again.new, again.changed, again.duplicates) == (1, 1, again.records - 2)
    charges = [entry for entry in await desk.money.ledger() if entry.subject_id == again.collection_id]
    assert [entry.kind for entry in charges].count("charge") == 1
