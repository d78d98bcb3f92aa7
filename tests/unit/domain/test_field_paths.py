"""Addresses of nested fields: what is listed can be parsed and found again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.field_paths import parse, paths_in, value_at, written

names = st.text("abcxyz_ é", min_size=1, max_size=4).filter(lambda name: name.strip() == name)
values = st.recursive(
    st.integers() | st.text(max_size=3) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=10,
)
FIELDS = {"title": "t", "a": {"b": [{"c": 1}, {"c": 2}, {"d": 3}]}, "price.usd": 5, "x": {"y.z": [7]}}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("title", "t"),
        ("a.b[0].c", 1),
        ("a.b[].c", [1, 2, None]),
        ("a.b[7].c", None),
        ("a.b.c", None),
        ("title.x", None),
        ("title[0]", None),
        ("price.usd", 5),
        ("x.y.z[0]", 7),
        ("missing", None),
    ],
)
def test_an_address_finds_its_value(address: str, expected: Any) -> None:
    assert value_at(FIELDS, parse(address)) == expected


@pytest.mark.parametrize("text", ["", "a.", "a[x]", "[0]", "a..b", "a[0"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


def test_every_address_of_a_record_is_listed_once() -> None:
    listed = paths_in({"t": 1, "a": {"b": [{"c": 1}, {"c": 2}]}})
    assert listed == ["t", "a", "a.b", "a.b[]", "a.b[].c"]


@settings(suppress_health_check=[HealthCheck.too_slow])  # the table of all characters is made first, once
@given(st.dictionaries(names, values, max_size=4))
def test_what_is_listed_is_parsed_and_written_back(fields: dict[str, Any]) -> None:
    for address in paths_in(fields):
        path = parse(address)
        assert written(path) == address
        value_at(fields, path)


@given(st.dictionaries(names, st.integers(), min_size=1, max_size=4))
def test_a_plain_field_is_found_by_its_name(fields: dict[str, int]) -> None:
    assert {address: value_at(fields, parse(address)) for address in paths_in(fields)} == fields
