"""Conditions on fields: what they mean, and where they say that they can't be read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webtune_tui.domain.conditions import compiled
from webtune_tui.domain.errors import UsageError

RECORD: dict[str, Any] = {
    "rating": "4.5 out of 5", "brand": "Lamy", "title": "Stainless Steel Pen", "price": "$12.00", "in_stock": True,
    "categories": ["Office", "Kitchen"], "path": "Home > Office > Pens", "Product Name": "x", "seller": {"name": "Bob"},
    "date": "March 4, 2024", "nothing": None, "sizes": [3, "4,5 cm"], "empty list": [], "tokens": 900, "blank": " ",
}  # fmt: skip

MET = [
    "rating >= 4", "rating > 4.4 and rating < 4.6", "brand is not empty", 'title contains "steel"', "title ~ STEEL",
    "price between 10 and 50", "price <= $12", 'categories has "Kitchen"', "path has pens", "categories has office",
    "in_stock is true", "in_stock = yes", "nothing is null and nothing is empty", "nosuch is empty",
    "nosuch is missing",
    "product_name = X", '"Product Name" = x', "seller.name = bob", "categories[0] = office", "sizes = 4.5",
    "sizes[] = 3",
    "date > 2024-01-31", "date between 2024-03-01 and 2024-03-04", "date >= 2024-03", "brand in (Parker, 'Lamy')",
    "brand not in (Parker)", "brand != Parker", "brand <> Parker", "title starts with stain", "title ends with Pen",
    "not rating < 4", "categories not has Garden", "title not contains wood", "title !~ wood", "blank is empty",
    "rating >= 4 and not (brand is empty or title ~ refurb)", "brand = Parker or brand = Lamy", "empty_list is empty",
    "(rating > 4 or price > 100) and (in_stock is true)", "RATING >= 4 AND Brand IS NOT EMPTY", "brand == “Lamy”",
    "tokens > 800 and title ~ \"steel\"", "title includes steel", "not nosuch > 3", "nosuch != 3",
]  # fmt: skip
FAILED = [
    "rating >= 4.6", "nosuch > 3", "nosuch = 3", "nosuch contains x", "brand is empty", "nothing is not null",
    "in_stock is false", "title > 3", "brand between 1 and 2", "date < 2024-03", "price > 12", "nosuch between 1 and 2",
    "categories has Kit", "not brand = Lamy", "brand = Lamy and price > 50", "title is true",
]  # fmt: skip


@pytest.mark.parametrize("text", MET)
def test_a_condition_that_a_record_meets(text: str) -> None:
    condition = compiled(text)
    assert condition.matches(RECORD)
    assert condition.failing(RECORD) == ""


@pytest.mark.parametrize("text", FAILED)
def test_a_condition_that_a_record_does_not_meet(text: str) -> None:
    condition = compiled(text)
    assert not condition.matches(RECORD)
    assert condition.failing(RECORD) in text


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("", 1, "a field name"), ("and", 1, "a field name"), ("rating", 7, "a comparison"), ("rating >=",
        10, "a value"),
        ("rating >= four", 11, "a number or a date"), ("(a = 1", 7, "')'"), ("a = 1)", 6, "'and', 'or' or the end"),
        ('a = "x', 5, "the closing quote"), ("a between 1 or 2", 13, "'and'"), ("a is big", 6, "empty, null"),
        ("a = 1 b = 2", 7, "'and', 'or' or the end"), ("a in 1", 6, "'('"), ("a in (1", 8, "')'"),
        ("price > 10 and", 15, "a field name"), ("a starts x", 10, "'with'"), ("a = 1 and or b = 2",
        11, "a field name"),
        ("not " * 50 + "a = 1", 161, "at most 40"), ("(" * 60, 41, "at most 40"),
    ],
)  # fmt: skip
def test_what_can_not_be_read_tells_the_place_and_what_was_expected(text: str, place: int, expected: str) -> None:
    with pytest.raises(UsageError) as raised:
        compiled(text)
    assert f"at character {place}:" in raised.value.message
    assert expected in raised.value.message
    assert "rating >= 4" in raised.value.hint


def test_fields_that_a_record_does_not_have_are_told() -> None:
    condition = compiled("ratng >= 4 and seller.nam = x and nothing is null and product_name = x")
    assert condition.fields == ("ratng", "seller.nam", "nothing", "product_name")
    assert condition.unknown_in(RECORD) == ["ratng", "seller.nam"]


def test_the_part_that_fails_is_named_as_it_was_written() -> None:
    condition = compiled('brand is not empty and (price > 50 or title ~ "wood") and rating >= 4')
    assert condition.failing(RECORD) == 'price > 50 or title ~ "wood"'


LEAVES = st.sampled_from([*MET, *FAILED])


@given(LEAVES, LEAVES)
@settings(max_examples=100, deadline=None)
def test_and_or_and_not_mean_what_they_say(one: str, other: str) -> None:
    first, second = compiled(one).matches(RECORD), compiled(other).matches(RECORD)
    assert compiled(f"({one}) and ({other})").matches(RECORD) is (first and second)
    assert compiled(f"({one}) or ({other})").matches(RECORD) is (first or second)
    assert compiled(f"not ({one})").matches(RECORD) is not first
    assert compiled(f"not (({one}) and ({other}))").matches(RECORD) is (not first or not second)


WORDS = st.sampled_from(
    ["a", "b.c[0]", "[", "(", ")", "and", "or", "not", "is", "empty", "=", ">=", "~", "3", '"x"', "in", ",", "'", "\\"]
)


@given(st.text(max_size=30) | st.lists(WORDS, max_size=12).map(" ".join))
@settings(deadline=None)
def test_any_text_is_a_condition_or_a_usage_error(text: str) -> None:
    try:
        condition = compiled(text)
    except UsageError as error:
        assert error.message and error.hint
    else:
        assert condition.matches(RECORD) in (True, False)


@pytest.mark.parametrize(
    "text", ["(" * 9_000, 'a = "' + "\\" * 9_000, "a" + "[0]" * 3_000, " " * 9_999, "x" * 20_000], ids=range(5)
)
def test_long_odd_texts_are_refused_at_once(text: str) -> None:
    with pytest.raises(UsageError):
        compiled(text)
