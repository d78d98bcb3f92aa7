"""Pasted lists of inputs: the form is told by the text, and each input says what is off with it."""

from __future__ import annotations

import json
import time

import pytest

from webtune_tui.sources.base import ScraperDoor, ScraperInput
from webtune_tui.sources.input_lists import check_list, fault_of, main_field, read_list

DOOR = ScraperDoor(
    None,
    (ScraperInput("url", True, "url"), ScraperInput("count", False, "number"), ScraperInput("note", False, "text")),
)
A, B = "https://a.example/1", "https://b.example/2"


def test_bare_lines_are_values_of_the_first_required_field() -> None:
    given = read_list(f"{A}\n\n  {B}  \n", DOOR)
    assert given.form == "one a line" and main_field(DOOR) == "url"
    assert given.sendable == [{"url": A}, {"url": B}]
    assert [one.line for one in given.inputs] == [1, 3]


def test_a_header_of_known_fields_makes_it_csv_with_quotes_and_empty_cells() -> None:
    given = read_list(f'\ufeffurl,count,note\r\n{A},3,"a, b\nc"\r\n{B},,\r\n', DOOR)
    assert given.form == "CSV" and given.faults == 0
    assert given.sendable == [{"url": A, "count": "3", "note": "a, b\nc"}, {"url": B}]
    assert [one.line for one in given.inputs] == [2, 4]
    assert read_list(f"url\tcount\n{A}\t1", DOOR).sendable == [{"url": A, "count": "1"}]
    assert read_list(f"url\n{A}\n{B}", DOOR).form == "CSV"


def test_json_and_json_lines_are_told_apart() -> None:
    rows = [{"url": A}, {"url": B, "count": 2}]
    assert read_list(json.dumps(rows, indent=2), DOOR).form == "JSON"
    assert read_list(json.dumps(rows[0]), DOOR).sendable == rows[:1]
    given = read_list("\n".join(json.dumps(row) for row in rows), DOOR)
    assert given.form == "JSON lines" and given.sendable == rows


def test_each_fault_names_its_line_and_the_others_can_be_sent() -> None:
    text = "\n".join(
        [
            json.dumps({"url": A}),
            '{"url": ',
            json.dumps({"url": "nonsense"}),
            json.dumps({"count": 1}),
            json.dumps({"url": A, "colour": "red"}),
            json.dumps({"url": A, "count": "many"}),
            "[1]",
            "{}",
        ]
    )
    given = read_list(text, DOOR)
    assert [(one.line, one.fault) for one in given.inputs if one.fault] == [
        (2, "not valid JSON"),
        (3, "url: not a web address: start it with https://"),
        (4, "url is required"),
        (5, "no field 'colour' here"),
        (6, "count: not a number"),
        (7, "not an object of fields"),
        (8, "empty"),
    ]
    assert given.sendable == [{"url": A}]


def test_a_row_with_too_many_cells_and_broken_quotes_are_faults() -> None:
    given = read_list(f'url,note\n{A},b,c\n{B},"x"y\n', DOOR)
    assert [bool(one.fault) for one in given.inputs] == [True, True]
    assert "3 cells for 2 columns" in given.inputs[0].fault and "not CSV" in given.inputs[1].fault


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("number", "1.5", "x"),
        ("boolean", "True", "yes"),
        ("array", '["a"]', "a"),
        ("object", '{"a": 1}', "[1]"),
        ("url", "HTTP://x.example", "ftp://x"),
    ],
)
def test_values_are_checked_by_the_kind_of_their_field(kind: str, good: str, bad: str) -> None:
    field = ScraperInput("f", True, kind)
    assert not fault_of(field, good)
    assert fault_of(field, bad) and fault_of(field, "  ") == "required"


def test_a_door_of_unknown_fields_takes_any() -> None:
    assert check_list([{"anything": 1}], ScraperDoor(None, ()), "x").faults == 0


def test_a_list_of_20_000_inputs_is_read_within_a_second_or_two() -> None:
    text = "\n".join(f"https://a.example/{number}" for number in range(20_000))
    begun = time.perf_counter()
    assert len(read_list(text, DOOR).sendable) == 20_000
    assert time.perf_counter() - begun < 5


def test_deep_json_is_a_fault_and_no_crash() -> None:
    assert read_list("[" * 100_000, DOOR).faults == 1
