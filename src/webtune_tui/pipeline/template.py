"""The field template: text with ``{field}`` places, without any code.

``{title}``, ``{a.b[0].c}`` takes one value, ``{a.b[].c}`` joins the values of a list. A line whose fields are all
missing vanishes. ``{{`` and ``}}`` are braces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from webtune_tui.domain import field_paths
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.examples import Message
from webtune_tui.domain.field_paths import FieldPath
from webtune_tui.pipeline.base import Conversation
from webtune_tui.pipeline.placeholders import is_placeholder

_PLACE = re.compile(r"\{\{|\}\}|\{([^{}\n]*)\}")


@dataclass(frozen=True)
class Rendered:
    """A filled-in text and the field values in it."""

    text: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class _Line:
    """One line as literal pieces and paths, alternating: text, path, text, ... text."""

    literals: tuple[str, ...]
    paths: tuple[FieldPath, ...]


@dataclass(frozen=True)
class TextTemplate:
    """One text with places. Raises UsageError when parsed with a path that can't be read."""

    source: str

    @cached_property
    def lines(self) -> tuple[_Line, ...]:
        """The parsed lines."""
        return tuple(_parse_line(line) for line in self.source.split("\n"))

    @property
    def fields(self) -> tuple[str, ...]:
        """The top-level fields that it takes, in order."""
        return tuple(dict.fromkeys(str(path[0]) for line in self.lines for path in line.paths))

    def render(self, fields: Mapping[str, Any], *, keep_placeholders: bool = False) -> Rendered:
        """The text for a row. A value such as ``N/A`` counts as missing unless ``keep_placeholders``."""
        rendered: list[str] = []
        values: list[str] = []
        for line in self.lines:
            found = [value_at(fields, path) for path in line.paths]
            if not keep_placeholders:
                found = ["" if is_placeholder(value) else value for value in found]
            if line.paths and not any(found):
                continue
            pieces = [line.literals[0]]
            for value, literal in zip(found, line.literals[1:], strict=True):
                pieces += (value, literal)
            rendered.append("".join(pieces).rstrip())
            values.extend(value for value in found if value)
        return Rendered("\n".join(rendered).strip(), tuple(values))


@dataclass(frozen=True)
class ChatTemplate:
    """The person's own template; an empty text makes no message of that role."""

    system: str = ""
    user: str = ""
    assistant: str = ""

    @cached_property
    def _parts(self) -> tuple[TextTemplate, TextTemplate, TextTemplate]:
        return TextTemplate(self.system), TextTemplate(self.user), TextTemplate(self.assistant)

    @property
    def fields(self) -> tuple[str, ...]:
        """The top-level fields that it takes."""
        return tuple(dict.fromkeys(name for part in self._parts for name in part.fields))

    def check(self, where: str = "[template]") -> None:
        """Raises UsageError where a text can't be read or nothing would be learned; ``where`` names the place."""
        for part in self._parts:
            _ = part.lines
        if not self.assistant.strip() or not self.user.strip():
            raise UsageError(f"{where} needs user and assistant", hint='Such as assistant = "{description}".')

    def build(self, fields: Mapping[str, Any]) -> Conversation:
        """The conversation of a row; the answer may be empty."""
        system, user, assistant = self._parts
        told, asked = system.render(fields), user.render(fields)
        answered = assistant.render(fields, keep_placeholders=True)
        messages = [Message("system", told.text)] if told.text else []
        messages += [Message("user", asked.text), Message("assistant", answered.text)]
        return Conversation(tuple(messages), (*told.values, *asked.values))


def value_at(fields: Mapping[str, Any], path: FieldPath) -> str:
    """The value at a path as text; the empty text where it is missing."""
    return as_text(field_paths.value_at(fields, path))


def as_text(value: Any) -> str:
    """A field's value in a sentence: lists are joined by commas, objects and nothing are empty."""
    if isinstance(value, str):
        return value.strip()
    if value is None or isinstance(value, Mapping):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(text for text in map(as_text, value) if text)
    return str(value)


def _parse_line(line: str) -> _Line:
    literals, paths, end = [""], [], 0
    for match in _PLACE.finditer(line):
        literals[-1] += line[end : match.start()]
        end = match.end()
        if match.group(1) is None:
            literals[-1] += match.group()[0]
        else:
            paths.append(field_paths.parse(match.group(1)))
            literals.append("")
    literals[-1] += line[end:]
    return _Line(tuple(literals), tuple(paths))
