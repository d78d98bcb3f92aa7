"""What is wrong with a template is told with its line and column while it is typed."""

from __future__ import annotations

import time

import pytest

from webtune_tui.pipeline.template_check import open_place, problems

KNOWN = ("title", "description", "specs.weight", "tags[]", "variants[].name")


def told(text: str) -> list[tuple[int, int, bool]]:
    return [(one.line, one.column, one.is_error) for one in problems("user", text, KNOWN)]


@pytest.mark.parametrize(
    "text",
    ["Plain words", "{title}", "{specs.weight} of {tags[0]}", "{tags[]}", "{{ braces }}", "{ title }", ""],
)
def test_a_template_that_works_has_no_problem(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one\ntwo {}", [(2, 5, True)]),
        ("{a..b}", [(1, 1, True)]),
        ("Describe {titel} well", [(1, 10, False)]),
        ("ends with {title", [(1, 11, True)]),
        ("title} alone", [(1, 6, True)]),
        ("{title} {a[x]}", [(1, 9, True)]),
    ],
)
def test_each_problem_names_its_line_and_column(text: str, expected: list[tuple[int, int, bool]]) -> None:
    assert told(text) == expected


def test_a_mistyped_field_is_answered_with_the_one_that_is_meant() -> None:
    (found,) = problems("user", "{descripton}", KNOWN)
    assert "did you mean {description}?" in found.message


@pytest.mark.parametrize(
    ("before", "typed"),
    [
        ("Write {", ""),
        ("Write {ti", "ti"),
        ("Write {title}", None),
        ("Write {{ti", None),
        ("Write {{{ti", "ti"),
        ("a {b\nplain", None),
        ("", None),
    ],
)
def test_the_field_that_is_being_typed_is_known(before: str, typed: str | None) -> None:
    assert open_place(before) == typed


def test_a_megabyte_of_braces_is_checked_in_linear_time() -> None:
    started = time.perf_counter()
    for piece in ("{", "}", "{a", "{{{", "{}"):
        text = piece * (1_000_000 // len(piece))
        assert open_place(text) is None or True
        sum(1 for _ in zip(problems("user", text, KNOWN), range(1_000), strict=False))
    assert time.perf_counter() - started < 20
