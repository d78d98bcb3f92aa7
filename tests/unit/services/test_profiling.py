"""Profiles of fields: what is counted, and that nothing grows without bound."""

from __future__ import annotations

from webtune_tui.services.profiling import Profiler


def profiles(*rows: dict[str, object]) -> dict[str, object]:
    profiler = Profiler()
    for row in rows:
        profiler.add(row)
    return {profile.path: profile for profile in profiler.result()}


def test_fields_are_addressed_by_path_and_counted_by_record() -> None:
    found = profiles(
        {"title": "Lamp", "price": 10, "seller": {"name": "Ada"}, "tags": ["a", "b"], "offers": [{"eur": 1.5}, {}]},
        {"title": "", "price": None, "seller": {}, "tags": [], "offers": None},
    )
    assert list(found) == [
        "title", "price", "seller", "seller.name", "tags", "tags[]", "offers", "offers[]", "offers[].eur",
    ]  # fmt: skip
    assert {path: profile.filled for path, profile in found.items()} == {
        "title": 1, "price": 1, "seller": 1, "seller.name": 1, "tags": 1, "tags[]": 1, "offers": 1, "offers[]": 1,
        "offers[].eur": 1,
    }  # fmt: skip
    assert found["title"].types == {"text": 2} and found["title"].fill_rate == 0.5
    assert found["tags[]"].types == {"text": 2} and found["price"].types == {"number": 1}


def test_numbers_are_measured_by_value_and_text_by_length() -> None:
    found = profiles({"n": 1, "t": "ab"}, {"n": 3, "t": "abcd"})
    assert (found["n"].lowest, found["n"].highest, found["n"].mean) == (1, 3, 2)
    assert (found["t"].lowest, found["t"].highest, found["t"].mean) == (2, 4, 3)


def test_few_distinct_values_are_a_category_and_many_are_not() -> None:
    found = profiles(*({"kind": "ab"[n % 2], "id": str(n), "flag": True} for n in range(100)))
    assert found["kind"].distinct == 2 and found["kind"].common == {"a": 50, "b": 50}
    assert found["id"].distinct is None and found["id"].common == {}
    assert found["flag"].types == {"boolean": 100}


def test_a_flood_of_names_and_a_deep_record_stay_bounded() -> None:
    deep: object = "bottom"
    for _ in range(50):
        deep = {"d": deep}
    found = profiles({f"f{n}": n for n in range(1000)}, {"deep": deep}, {"long": "x" * 100_000})
    assert len(found) == 400
    found = profiles({"deep": deep}, {"long": "x" * 100_000})
    assert max(len(path.split(".")) for path in found) <= 6
    assert all(len(sample) <= 120 for sample in found["long"].samples)
