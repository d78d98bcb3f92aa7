"""The service's own list of scrapers: parsed at the edge, merged over the bundled one, searched by need."""

from __future__ import annotations

import json
from typing import Any

import pytest

from webtune_tui.domain.errors import NotFound, TryLater, UsageError
from webtune_tui.sources import brightdata_catalogue, catalogue

AMAZON = "gd_l7q7dkf244hwjntr0"


def row(**changes: Any) -> dict[str, Any]:
    return {
        "id": "gd_new0000000000000",
        "name": "Hotel prices",
        "description": "Room rates of hotels by date",
        "domain": "www.rooms.example",
        "size": 12,
        "use_cases": ["Price comparison", "Travel research"],
        "category": "Travel",
        "scraper_type": ["collect_by_url", "discover_by_loction"],
        "scrapers": {
            "collect_by_url": {
                "input_schema": [
                    {"name": "url", "type": "url", "required": True, "description": "The page of a hotel"},
                    {"name": "adults", "type": "number", "required": False},
                ],
                "output_fields": [{"name": "room_rate", "type": "number", "description": "per night"}],
                "sample_input": [{"url": "https://rooms.example/1", "adults": 2}],
                "link": "https://example.com",
            },
            "discover_by_loction": {
                "input_schema": [{"name": "loction", "type": "text", "required": True}],
                "output_fields": [],
                "sample_input": [],
            },
        },
    } | changes


def parse(*rows: Any) -> tuple[Any, ...]:
    return brightdata_catalogue.parse(json.dumps(rows).encode())


def test_a_row_becomes_a_scraper_with_its_doors_types_examples_and_marks() -> None:
    (scraper,) = parse(row())
    collect, discover = scraper.doors
    assert [(i.name, i.required, i.kind, i.example) for i in collect.inputs] == [
        ("url", True, "url", "https://rooms.example/1"),
        ("adults", False, "number", "2"),
    ]
    assert collect.discover_by is None and collect.inputs[0].description == "The page of a hotel"
    assert discover.discover_by == "loction", "misspelled names are sent as listed"
    assert scraper.fields == ("room_rate",) and scraper.domain == "rooms.example"


@pytest.mark.parametrize(
    "bad",
    [
        None,
        [],
        "text",
        {},
        {"id": 5, "name": "x"},
        {"id": "gd_x"},
    ],
)
def test_rows_that_are_something_else_are_left_out(bad: Any) -> None:
    assert len(parse(bad, row())) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"scrapers": None, "scraper_type": None},
        {"scrapers": {"collect_by_url": None}},
        {"scrapers": {"collect_by_url": {"input_schema": [None, {"name": 3}, {}], "sample_input": "x"}}},
        {"use_cases": "x", "category": 5, "description": None},
    ],
)
def test_parts_that_are_something_else_leave_the_rest_of_the_row(changes: dict[str, Any]) -> None:
    (scraper,) = parse(row(**changes))
    assert scraper.scraper_id == "gd_new0000000000000"


def test_outside_text_is_short_and_harmless() -> None:
    (scraper,) = parse(row(name="Evil\x1b[31m", description="d" * 10_000))
    assert "\x1b" not in scraper.name and len(scraper.description) <= 600


@pytest.mark.parametrize("body", [b"", b"[", b"{}", b"[]", b'[{"id": 1}]', b"<html>", b"[" * 100_000])
def test_an_answer_that_is_no_list_is_told_as_such(body: bytes) -> None:
    with pytest.raises(TryLater):
        brightdata_catalogue.parse(body)


def test_the_live_list_goes_over_the_bundled_one_and_keeps_what_it_leaves_out() -> None:
    amazon = row(id=AMAZON, name="Amazon goods and more", scrapers={}, scraper_type=[], domain="")
    known = catalogue.merged(parse(row(), amazon), "2026-11-26")
    assert known.origin == "live" and known.dated == "2026-11-26"
    ours = catalogue.find(AMAZON)
    both = known.find("amazon-products")
    assert both.scraper_id == AMAZON and both.doors == ours.doors and both.domain == ours.domain
    assert known.find("amazon-goods-and-more") == both
    assert {scraper.scraper_id for scraper in catalogue.scrapers()} < {one.scraper_id for one in known.scrapers}


def test_the_live_doors_win_over_the_bundled_ones() -> None:
    known = catalogue.merged(parse(row(id=AMAZON)), "2026-11-26")
    assert [door.discover_by for door in known.find(AMAZON).doors] == [None, "loction"]


def test_a_name_of_several_is_refused_with_their_ids() -> None:
    known = catalogue.merged(parse(row(), row(id="gd_other")), "2026-11-26")
    with pytest.raises(UsageError, match="2 scrapers") as caught:
        known.find("hotel-prices")
    assert "gd_other" in caught.value.hint and known.find("gd_other").scraper_id == "gd_other"


def test_an_unknown_id_is_refused_with_the_way_to_ask_for_the_list() -> None:
    with pytest.raises(NotFound) as caught:
        catalogue.find("gd_unheardof")
    assert "--refresh" in caught.value.hint


@pytest.mark.parametrize(
    "need",
    ["hotel", "prices of hotels", "travel research", "room rate", "loction", "rooms.example", "comparison of rates"],
)
def test_a_scraper_is_found_by_site_or_by_need(need: str) -> None:
    known = catalogue.merged(parse(row()), "2026-11-26")
    assert known.search(need)[0].name == "Hotel prices"


def test_where_no_scraper_has_every_word_half_of_them_are_enough() -> None:
    known = catalogue.merged(parse(row()), "2026-11-26")
    assert known.search("hotel zeppelins")[0].name == "Hotel prices"
    assert known.search("zeppelins of jupiter") == []


def test_a_hit_in_the_name_stands_before_one_in_the_description() -> None:
    far = row(id="gd_far", name="Weather", description="hotels mention it", domain="w.example", use_cases=[])
    known = catalogue.merged(parse(far, row()), "2026-11-26")
    found = [scraper.scraper_id for scraper in known.search("hotel")]
    assert found.index("gd_new0000000000000") < found.index("gd_far")


def test_a_scraper_outlives_being_kept_in_a_file() -> None:
    (scraper,) = parse(row())
    assert catalogue.scraper_of(json.loads(json.dumps(catalogue.row_of(scraper)))) == scraper
