"""Conditions on the records of a dataset, as they are written and as they are sent."""

from __future__ import annotations

from typing import Any

import pytest

from webtune_tui.domain.errors import UsageError
from webtune_tui.sources import conditions

FIELDS = {
    "rating": "number",
    "brand": "text",
    "zipcode": "text",
    "categories": "array",
    "timestamp": "date",
    "origin": "text",
    "is_available": "boolean",
}


@pytest.mark.parametrize(
    ("text", "name", "operator", "value"),
    [
        ("rating >= 4.5", "rating", ">=", 4.5),
        ("rating<3", "rating", "<", 3),
        ("rating = 4", "rating", "=", 4),
        ("rating == 4", "rating", "=", 4),
        ("rating != -1e3", "rating", "!=", -1e3),
        ("brand = Lamy", "brand", "=", "Lamy"),
        ("brand = 'O''Neill'", "brand", "=", "O''Neill"),
        ('brand = "a = b"', "brand", "=", "a = b"),
        ("brand = Faber Castell", "brand", "=", "Faber Castell"),
        ("zipcode = 01234", "zipcode", "=", "01234"),
        ("zipcode = 94107", "zipcode", "=", "94107"),
        ("timestamp > 2026-01-01", "timestamp", ">", "2026-01-01"),
        ("is_available = true", "is_available", "=", True),
        ("rating in [1, 2]", "rating", "in", [1, 2]),
        ("brand in [Lamy, Pilot]", "brand", "in", ["Lamy", "Pilot"]),
        ("brand not in (Lamy, Pilot)", "brand", "not_in", ["Lamy", "Pilot"]),
        ("brand NOT_IN Lamy", "brand", "not_in", ["Lamy"]),
        ("categories includes Pens", "categories", "includes", "Pens"),
        ("categories not includes Pens", "categories", "not_includes", "Pens"),
        ("categories array_includes Pens", "categories", "array_includes", "Pens"),
        ("categories not array_includes Pens", "categories", "not_array_includes", "Pens"),
        ("origin in [PT]", "origin", "in", ["PT"]),
    ],
)
def test_every_operator_can_be_written(text: str, name: str, operator: str, value: Any) -> None:
    assert conditions.parse(text, FIELDS) == {"name": name, "operator": operator, "value": value}


@pytest.mark.parametrize("text", ["origin is null", "origin is_null", "origin  IS  NULL"])
def test_nothing_can_be_asked_for(text: str) -> None:
    assert conditions.parse(text, FIELDS) == {"name": "origin", "operator": "is_null"}
    assert conditions.parse("origin is not null", FIELDS) == {"name": "origin", "operator": "is_not_null"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rating",
        "rating >=",
        "rating >= high",
        "brand > Lamy",
        "colour = red",
        "origin",
        "min5",
        "origin is null x",
        "rating in []",
        "rating in",
        'brand = "Lamy',
        "rating ~ 4",
        "= 4",
    ],
)
def test_what_is_no_condition_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        conditions.parse(text, FIELDS)
    assert caught.value.hint


def test_without_known_fields_a_number_is_a_number_and_the_rest_is_text() -> None:
    assert conditions.parse("price >= 10")["value"] == 10
    assert conditions.parse("zip = 01234")["value"] == "01234"


def test_several_conditions_are_joined_by_and_or_by_or() -> None:
    one, two = conditions.parse("rating > 4"), conditions.parse("brand = Lamy")
    assert conditions.joined([one]) == one
    assert conditions.joined([one, two]) == {"operator": "and", "filters": [one, two]}
    assert conditions.joined([one, two], any_of=True)["operator"] == "or"
    with pytest.raises(UsageError):
        conditions.joined([])


@pytest.mark.parametrize(
    "condition",
    [
        [],
        {},
        {"operator": "xor", "filters": [{"name": "rating", "operator": "is_null"}]},
        {"operator": "and", "filters": []},
        {"name": "rating", "operator": "~", "value": 1},
        {"name": "rating", "operator": "="},
        {"name": "rating", "operator": "is_null", "value": 1},
        {"name": "rating", "operator": "=", "value": [1]},
        {"name": "rating", "operator": "=", "value": 1, "note": "x"},
        {"name": "rating", "operator": ">", "value": True},
    ],
)
def test_a_filter_that_the_service_would_refuse_is_refused_here(condition: Any) -> None:
    with pytest.raises(UsageError):
        conditions.check(condition, FIELDS)


def test_groups_nest_three_deep_and_no_deeper() -> None:
    condition: dict[str, Any] = {"name": "rating", "operator": "is_null"}
    for _ in range(3):
        condition = {"operator": "and", "filters": [condition]}
    conditions.check(condition, FIELDS)
    with pytest.raises(UsageError, match="at most 3 deep"):
        conditions.check({"operator": "or", "filters": [condition]}, FIELDS)


def test_what_is_written_back_means_the_same() -> None:
    texts = ["rating >= 4.5", "brand in [Lamy, Pilot]", "origin is not null", 'brand = "a b"']
    parsed = [conditions.parse(text, FIELDS) for text in texts]
    again = conditions.written(conditions.joined(parsed))
    assert again is not None and [conditions.parse(text, FIELDS) for text in again] == parsed
    assert conditions.written({"operator": "and", "filters": [{"operator": "or", "filters": parsed}]}) is None
