"""Tests of one value, as conditions on fields are made of them: equal, ordered, containing, and their opposites."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from webtune_tui.domain.field_values import date_of, number_of, texts_of, truth_of

Test = Callable[[Any], bool]


def negated(test: Test) -> Test:
    """The opposite of a test."""
    return lambda value: not test(value)


def is_null(value: Any) -> bool:
    """Whether there is no value at all."""
    return value is None


def equals(wanted: Any) -> Test:
    """Whether a value, or an item of a list, is this number, truth value or text."""
    if isinstance(wanted, bool):
        return lambda value: truth_of(value) is wanted
    if isinstance(wanted, float):
        return lambda value: any(number_of(item) == wanted for item in _items(value))
    folded, truth = wanted.strip().casefold(), truth_of(wanted)
    return lambda value: (
        truth is value
        if isinstance(value, bool)
        else any(text.strip().casefold() == folded for text in texts_of(value))
    )


def ordered(sign: str, wanted: float | str) -> Test:
    """Whether a value stands so (``<``, ``<=``, ``>``, ``>=``) to a number or a date."""
    read = date_of if isinstance(wanted, str) else number_of

    def test(value: Any) -> bool:
        found: Any = read(value)
        if found is None:
            return False
        if isinstance(found, str):
            found = found[: len(str(wanted))]
        return _holds(sign, found, wanted)

    return test


def _holds(sign: str, found: Any, wanted: Any) -> bool:
    match sign:
        case "<":
            return bool(found < wanted)
        case "<=":
            return bool(found <= wanted)
        case ">":
            return bool(found > wanted)
    return bool(found >= wanted)


def contains(wanted: str) -> Test:
    """Whether a text, or an item of a list, contains this text."""
    folded = wanted.casefold()
    return lambda value: any(folded in text.casefold() for text in texts_of(value))


def edge_test(wanted: str, *, is_start: bool) -> Test:
    """Whether a text, or an item of a list, starts or ends with this text."""
    folded = wanted.casefold()
    ask = str.startswith if is_start else str.endswith
    return lambda value: any(ask(text.strip().casefold(), folded) for text in texts_of(value))


def has_item(wanted: str) -> Test:
    """Whether one item of a list is this text, or one part of a text that is a list: ``Home > Kitchen``."""
    folded = wanted.strip().casefold()

    def test(value: Any) -> bool:
        if isinstance(value, str):
            return any(part.strip().casefold() == folded for part in re.split(r"[>|,;/\n›]", value))
        return any(text.strip().casefold() == folded for text in texts_of(value))

    return test


def _items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else (value,)
