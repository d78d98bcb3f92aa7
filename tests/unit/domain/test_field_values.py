"""Values as numbers, dates, truth and texts, by the rule that the module states."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.domain.field_values import date_of, is_empty, number_of, texts_of, truth_of


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (4.5, 4.5), (7, 7.0), ("4.5 out of 5", 4.5), ("2,5 von 5 Sternen", 2.5), ("$1,299.00", 1299.0),
        ("1.299,00 €", 1299.0), ("1.299 €", 1299.0), ("R$ 1.299,90", 1299.9), ("1.299", 1.299), ("1,299 ratings",
        1299.0),
        ("0,125 kg", 0.125), ("4.125 kg", 4.125), ("1 299,00 €", 1299.0), ("1'299.00 CHF", 1299.0), ("1,29,999",
        129999.0),
        ("1.234.567", 1234567.0), ("-23%", -23.0), ("10-20", 10.0), ("EUR1,299", 1299.0), ("１２３", 123.0),
        ("3.5e3", 3500.0), ("12.", 12.0), ("A4", None), ("v2.3.1", None), ("none", None), ("", None), (None, None),
        (True, None), (float("nan"), None), ("1e400", None), (10**400, None), ([3], None),
        ("In 2019 we began to make kettles, and we have not stopped since: here is the best one of them all", None),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(value: Any, number: float | None) -> None:
    assert number_of(value) == number


@given(st.integers(0, 10**9), st.integers(0, 99))
def test_a_price_is_the_same_number_in_either_notation(whole: int, cents: int) -> None:
    number = float(f"{whole}.{cents:02}")
    american = f"${whole:,}.{cents:02}"
    assert number_of(american) == number
    assert number_of(american.replace(",", "_").replace(".", ",").replace("_", ".")[1:] + " €") == number


@given(st.text(max_size=60) | st.text("0123456789.,' -€eE", max_size=30))
def test_any_text_is_a_finite_number_or_none(text: str) -> None:
    number = number_of(text)
    assert number is None or math.isfinite(number)


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2024-03-04T10:00:00Z", "2024-03-04"), ("2024-03", "2024-03"), ("March 4, 2024", "2024-03-04"),
        ("Reviewed on 4 Mar 2024", "2024-03-04"), ("4th of May", None), ("04/03/2024", None), (20240304, None),
    ],
)  # fmt: skip
def test_days_are_read_where_they_are_clear(value: Any, day: str | None) -> None:
    assert date_of(value) == day


def test_truth_is_what_says_yes_or_no() -> None:
    assert [truth_of(value) for value in (True, "Yes", 1, "on")] == [True] * 4
    assert [truth_of(value) for value in (False, "no", 0, "False")] == [False] * 4
    assert [truth_of(value) for value in ("", "In Stock", 2, None, [])] == [None] * 5


def test_nothing_is_no_value_blank_text_and_lists_of_nothing() -> None:
    assert all(map(is_empty, (None, "", " \n", [], {}, [None, ""], float("nan"))))
    assert not any(map(is_empty, (0, False, "x", ["x"], {"a": None})))


def test_a_lists_texts_are_those_of_its_items() -> None:
    assert list(texts_of(["a", 3, 2.5, True, None, {"name": "b", "deep": {"c": "d"}}])) == [
        "a",
        "3",
        "2.5",
        "true",
        "b",
    ]
