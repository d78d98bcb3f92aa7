"""An example as coloured lines of the JSON that is exported; what can't be seen stands as an escape."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from webtune_tui.domain.examples import Example, chat_row
from webtune_tui.domain.safe_json import safe_json
from webtune_tui.tui.presentation.text_layout import Part, StyledLine, wrap

_INDENT = "  "


def json_lines(example: Example, width: int) -> list[StyledLine]:
    """The row of a chat file, one value a line. Takes time in proportion to the text: call it in a thread."""
    return list(_value(chat_row(example.messages), "", [], "", max(width, 16)))


def _value(value: Any, indent: str, lead: list[Part], end: str, width: int) -> Iterator[StyledLine]:
    if isinstance(value, Mapping) and value:
        yield _line(indent, lead, "{")
        for number, (key, one) in enumerate(value.items(), start=1):
            name: list[Part] = [(safe_json(str(key)), "second"), (": ", "muted")]
            yield from _value(one, indent + _INDENT, name, "," if number < len(value) else "", width)
        yield _line(indent, [], "}" + end)
    elif isinstance(value, list | tuple) and value:
        yield _line(indent, lead, "[")
        for number, one in enumerate(value, start=1):
            yield from _value(one, indent + _INDENT, [], "," if number < len(value) else "", width)
        yield _line(indent, [], "]" + end)
    else:
        yield from _scalar(value, indent, lead, end, width)


def _scalar(value: Any, indent: str, lead: list[Part], end: str, width: int) -> Iterator[StyledLine]:
    style = "" if isinstance(value, str) else "accent"
    used = len(indent) + sum(len(text) for text, _ in lead)
    text = safe_json(value) if isinstance(value, str) else json.dumps(value, default=str)
    first, rest = _first(text, max(width - used - len(end), 8))
    if not rest:
        yield StyledLine(((indent, ""), *lead, (first, style), (end, "muted")))
        return
    yield StyledLine(((indent, ""), *lead, (first, style)))
    lines = list(wrap(rest, max(width - len(indent) - len(_INDENT) - len(end), 8)))
    for number, line in enumerate(lines, start=1):
        tail = ((end, "muted"),) if number == len(lines) else ()
        yield StyledLine(((indent + _INDENT, ""), (line, style), *tail))


def _first(text: str, width: int) -> tuple[str, str]:
    """The first line of a text and what is left; nothing is lost but the space at the break."""
    head = text[: width + 1]
    line = next(iter(wrap(head, width)), "")
    return (text, "") if line == text else (line, text[len(line) :].lstrip(" "))


def _line(indent: str, lead: list[Part], text: str) -> StyledLine:
    return StyledLine(((indent, ""), *lead, (text, "muted")))
