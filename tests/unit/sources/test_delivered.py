"""What a delivered row is and what it is known by."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.domain.records import RecordKind
from webtune_tui.sources import catalogue
from webtune_tui.sources.delivered import _KEY_FIELDS, delivered_record, imported_record, imported_row, kind_of
from webtune_tui.sources.files.base import Row

AMAZON = "gd_l7q7dkf244hwjntr0"
ENVELOPE = {"timestamp": "2026-02-02T11:32:43.446Z", "input": {"url": "https://www.amazon.com/dp/B0ZZKTL001"}}
PRODUCT = {"asin": "B0ZZKTL001", "title": "Kettle", "url": "https://www.amazon.com/dp/B0ZZKTL001"}


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({**ENVELOPE, **PRODUCT}, RecordKind.DATA),
        ({**ENVELOPE, **PRODUCT, "warning": "w", "warning_code": "c"}, RecordKind.DATA),
        ({**ENVELOPE, **PRODUCT, "error": None, "error_code": None}, RecordKind.DATA),
        ({**ENVELOPE, "error": "gone", "error_code": "dead_page"}, RecordKind.ERROR),
        ({**ENVELOPE, "discovery_input": {}, "error_code": "no_peers"}, RecordKind.ERROR),
        ({**ENVELOPE, "warning": "Invalid input.url", "warning_code": "dead_page"}, RecordKind.WARNING),
    ],
)
def test_rows_are_told_apart_by_their_fields(fields: dict[str, Any], kind: RecordKind) -> None:
    assert kind_of(fields) is kind


def test_the_same_product_keeps_its_key_and_hash_from_run_to_run() -> None:
    first = delivered_record("c1", 0, {**PRODUCT, **ENVELOPE}, AMAZON, now="t")
    later = delivered_record("c2", 7, {**PRODUCT, "timestamp": "2027-01-01T00:00:00Z", "input": {}}, AMAZON, now="t")
    assert (first.key, first.content_hash) == (later.key, later.content_hash)
    assert first.key == "asin:amazon.com:B0ZZKTL001"
    changed = delivered_record("c2", 7, {**PRODUCT, "title": "Pot"}, AMAZON, now="t")
    assert changed.key == first.key and changed.content_hash != first.content_hash


def test_a_product_of_another_site_is_another_product() -> None:
    german = {**PRODUCT, "url": "https://www.amazon.de/dp/B0ZZKTL001"}
    assert (
        delivered_record("c", 0, german, AMAZON, now="t").key != delivered_record("c", 0, PRODUCT, AMAZON, now="t").key
    )


def test_failed_inputs_stay_rows_of_their_own_collection() -> None:
    row = {**ENVELOPE, "error": "gone", "error_code": "dead_page"}
    keys = {delivered_record(c, p, row, AMAZON, now="t").key for c in ("c1", "c2") for p in (0, 1)}
    assert len(keys) == 4


def test_a_failure_that_overlapping_batches_bring_twice_is_one_row() -> None:
    def key(collection: str, position: int, **fields: object) -> str:
        row = {**ENVELOPE, "error": "gone", "error_code": "dead_page", **fields}
        return delivered_record(collection, position, row, AMAZON, now="t", is_overlapping=True).key

    assert key("c1", 0) == key("c1", 7)
    others = [key("c2", 0), key("c1", 0, error="refused"), key("c1", 0, input={"url": "https://a.example/2"})]
    assert len({key("c1", 0), *others}) == 4


def test_imported_rows_are_known_by_content_whatever_the_order_of_fields() -> None:
    first = imported_record("c1", 0, {"a": 1, "b": 2}, now="t")
    second = imported_record("c2", 5, {"b": 2, "a": 1}, now="t")
    assert first.key == second.key and first.key.startswith("hash:")
    assert imported_record("c", 0, {"id": "7", "url": "https://x.com", "text": "a"}, now="t").key.startswith("hash:")


def test_an_imported_row_with_the_marks_of_a_scraper_is_the_scrapers_record() -> None:
    row = {**PRODUCT, **ENVELOPE}
    assert imported_record("c1", 0, row, now="t").key == delivered_record("c2", 0, row, AMAZON, now="t").key
    assert imported_record("c1", 0, {"error": "in the text", "answer": "a"}, now="t").kind is RecordKind.DATA


INPUT = {"input": {"url": "https://x.com/a"}}


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({**INPUT, "warning": "Nothing found", "warning_code": "dead_page"}, RecordKind.WARNING),
        ({**INPUT, "warning_code": "dead_page", "discovery_input": {}}, RecordKind.WARNING),
        ({**INPUT, "error": "Crawler error", "error_code": "crawl_failed"}, RecordKind.ERROR),
        ({**INPUT, "warning": "Nothing found"}, RecordKind.DATA),
        ({**INPUT, "warning": "Hot!", "warning_code": "W1", "title": "Kettle"}, RecordKind.DATA),
        ({**INPUT, "error": "What is E5?", "error_code": "E5", "output": "A worn belt."}, RecordKind.DATA),
        ({"input": "What does W1 mean?", "warning": "The kettle is hot.", "warning_code": "W1"}, RecordKind.DATA),
        ({"warning": "The kettle is hot.", "warning_code": "W1"}, RecordKind.DATA),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else value.value,
)
def test_a_row_that_tells_of_a_failure_alone_needs_no_time(fields: dict[str, Any], kind: RecordKind) -> None:
    record = imported_record("c1", 0, fields, now="t")
    row = imported_row(0, Row(1, fields), now="t")
    assert (record.kind, row.kind, row.key) == (kind, kind.value, record.key)


def test_the_id_fields_of_each_scraper_are_among_the_fields_that_it_delivers() -> None:
    known = {scraper.scraper_id: set(scraper.fields) for scraper in catalogue.search("") if scraper.fields}
    for scraper_id, names in _KEY_FIELDS.items():
        assert scraper_id not in known or known[scraper_id] & set(names), scraper_id


@given(
    rows=st.permutations([{"post_id": str(n % 4), "url": f"https://www.tiktok.com/@a/video/{n % 4}"} for n in range(8)])
)
def test_rows_in_any_order_and_number_have_the_same_keys(rows: list[dict[str, Any]]) -> None:
    keys = {delivered_record("c", n, row, "gd_m736hjp71lejc5dc0l", now="t").key for n, row in enumerate(rows)}
    assert keys == {f"post_id:tiktok.com:{n}" for n in range(4)}
