"""What counts as a change of a field."""

from __future__ import annotations

from typing import Any

from webtune_tui.services.field_drift import FieldDrift, field_drift
from webtune_tui.services.profiling import Profiler


def drift(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[FieldDrift]:
    profiles = []
    for rows in (before, after):
        profiler = Profiler()
        for row in rows:
            profiler.add(row)
        profiles.append(profiler.result())
    return field_drift(*profiles)


def test_the_same_records_have_not_drifted() -> None:
    rows = [{"a": n, "b": "x" * n, "c": {"d": [n]}, "e": "USD"} for n in range(1, 40)]
    assert drift(rows, list(reversed(rows))) == []


def test_fields_that_come_and_go_are_named_once_with_all_that_is_in_them() -> None:
    before = [{"a": 1, "old": {"x": 1, "y": [1]}}] * 10
    after = [{"a": 1, "new": [{"z": 1}]}] * 10
    assert drift(before, after) == [
        FieldDrift("old", "vanished", 1.0, None),
        FieldDrift("new", "appeared", None, 1.0),
    ]


def test_the_share_of_filled_records_must_move_by_ten_points_and_five_records() -> None:
    def rows(filled: int, of: int) -> list[dict[str, Any]]:
        return [{"n": 1, "price": "9" if number < filled else None} for number in range(of)]

    assert drift(rows(100, 100), rows(91, 100)) == []
    assert drift(rows(10, 10), rows(7, 10)) == []
    assert drift(rows(100, 100), rows(60, 100)) == [FieldDrift("price", "fill", 1.0, 0.6)]


def test_another_type_length_or_size_is_a_change() -> None:
    before = [{"price": 10 + n % 3, "title": f"{n:040d}", "stars": "4"} for n in range(30)]
    after = [{"price": 1000 + n % 3, "title": f"{n:010d}", "stars": 4} for n in range(30)]
    assert [(one.field, one.what) for one in drift(before, after)] == [
        ("price", "mean"),
        ("title", "length"),
        ("stars", "type"),
    ]


def test_values_that_many_records_share_are_compared() -> None:
    before = [{"currency": "USD" if n % 2 else "GBP", "id": f"id-{n:05d}"} for n in range(60)]
    after = [{"currency": "USD" if n % 2 else "EUR", "id": f"id-{n + 90:05d}"} for n in range(60)]
    assert drift(before, after) == [
        FieldDrift("currency", "new value", None, "EUR (50%)"),
        FieldDrift("currency", "lost value", "GBP (50%)", None),
    ]
