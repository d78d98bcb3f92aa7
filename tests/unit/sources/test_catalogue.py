"""The bundled catalogue of scrapers."""

from __future__ import annotations

from typing import Any

import pytest

from webtune_tui.domain.errors import NotFound, UsageError
from webtune_tui.sources import catalogue

AMAZON = catalogue.find("amazon-products")
LINK = "https://www.amazon.com/gp/bestsellers/office-products"


def test_every_scraper_is_found_by_its_id_and_by_the_slug_of_its_name() -> None:
    for scraper in catalogue.scrapers():
        assert catalogue.find(scraper.scraper_id) is scraper
        assert catalogue.find(catalogue.slug(scraper.name)) is scraper


def test_the_default_is_the_door_of_the_tutorial() -> None:
    assert AMAZON.scraper_id == catalogue.DEFAULT_SCRAPER
    assert catalogue.choose_door(AMAZON, [{"category_url": LINK}], None).discover_by == catalogue.DEFAULT_DOOR


@pytest.mark.parametrize(
    ("given", "discover_by", "expected"),
    [
        ({"url": LINK}, None, None),
        ({"keyword": "kettle"}, None, "keyword"),
        ({"url": LINK}, "category_url", "category_url"),
        ({"upc": "048231014731"}, None, "upc"),
    ],
)
def test_the_door_is_told_by_the_fields_or_by_its_name(
    given: dict[str, Any], discover_by: str | None, expected: str | None
) -> None:
    assert catalogue.choose_door(AMAZON, [given], discover_by).discover_by == expected


@pytest.mark.parametrize(
    ("inputs", "discover_by"),
    [
        ([], None),
        ([{}], None),
        ([{"nonsense": "x"}], None),
        ([{"keyword": ""}], "keyword"),
        ([{"url": "www.amazon.com"}], None),
        ([{"keyword": "x"}], "telepathy"),
        ([{"url": LINK}, {"keyword": "x"}], None),
    ],
)
def test_inputs_that_fit_no_door_are_refused(inputs: list[dict[str, Any]], discover_by: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        catalogue.choose_door(AMAZON, inputs, discover_by)
    assert caught.value.hint


def test_an_unknown_scraper_is_answered_with_the_nearest() -> None:
    with pytest.raises(NotFound) as caught:
        catalogue.find("amazon-product")
    assert "amazon-products" in caught.value.hint


def test_search_looks_at_name_site_and_id() -> None:
    assert AMAZON in catalogue.search("amazon.com products")
    assert catalogue.search("gd_l7q7dkf244hwjntr0") == [AMAZON]
    assert catalogue.search("no such thing") == []


def test_what_can_bring_many_records_from_one_input_is_known() -> None:
    reviews = catalogue.find("amazon-reviews")
    assert catalogue.brings_many(reviews, reviews.doors[0])
    assert not catalogue.brings_many(AMAZON, AMAZON.doors[0])
