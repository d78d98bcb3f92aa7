"""The field template: text with ``{field}`` places, without any code.

``{title}``, ``{a.b[0].c}`` takes one value, ``{a.b[].c}`` joins the values of a list. A line whose fields are all
missing vanishes. A line such as ``- {features[]}`` stands for each item of the list, and a line with nothing but
``{specs}`` for each pair of name and value in it. ``{{`` and ``}}`` are braces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from webtune_tui.domain import field_paths
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.examples import Message
from webtune_tui.domain.field_paths import FieldPath
from webtune_tui.pipeline.base import Conversation
from webtune_tui.pipeline.placeholders import is_placeholder

_PLACE = re.compile(r"\{\{|\}\}|\{([^{}\n]*)\}|[{}]")
_BULLETS = ("- ", "* ", "• ", "– ")
_NAMES = ("name", "key", "label", "type", "title", "attribute", "property", "feature", "specification_name")
_VALUES = ("value", "values", "text", "content", "specification_value", "specification_values")
_DEEPEST = 12


@dataclass(frozen=True)
class Rendered:
    """A filled-in text and the field values in it."""

    text: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class _Line:
    """One line as literal pieces and paths, alternating: text, path, text, ... text.

    ``items`` is the path of the list whose items have a line each, ``()`` where the line stands once. Its places are
    then counted from an item. ``is_alone`` says that the one place is all of the line but for a bullet.
    """

    literals: tuple[str, ...]
    paths: tuple[FieldPath, ...]
    items: FieldPath = ()
    is_alone: bool = False


@dataclass(frozen=True)
class TextTemplate:
    """One text with places. Raises UsageError when parsed with a place that can't be read; it names line and column."""

    source: str

    @cached_property
    def lines(self) -> tuple[_Line, ...]:
        """The parsed lines."""
        return tuple(_parse_line(line, number) for number, line in enumerate(self.source.split("\n"), start=1))

    @property
    def fields(self) -> tuple[str, ...]:
        """The top-level fields that it takes, in order; ``{a.b}`` may also take a field named ``a.b``."""
        taken = (line.items or path for line in self.lines for path in line.paths)
        return tuple(dict.fromkeys(name for path in taken for name in _names_of(path)))

    def render(self, fields: Mapping[str, Any], *, keep_placeholders: bool = False) -> Rendered:
        """The text for a row. A value such as ``N/A`` counts as missing unless ``keep_placeholders``."""
        rendered: list[str] = []
        values: list[str] = []
        for line in self.lines:
            if not line.paths:
                rendered.append(line.literals[0].rstrip())
            elif line.items:
                for item in _items(fields, line.items):
                    _fill(line, item, keep_placeholders, rendered, values)
            elif line.is_alone and len(pairs := _pairs_at(fields, line.paths[0])) > 0:
                for pair in pairs:
                    if keep_placeholders or not is_placeholder(pair[1]):
                        told = f"{pair[0]}: {pair[1]}"
                        rendered.append(f"{line.literals[0]}{told}{line.literals[1]}".rstrip())
                        values.append(told)
            else:
                _fill(line, fields, keep_placeholders, rendered, values)
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
        """Raises UsageError where a text can't be read or nothing would be learned; ``where`` names the place.

        The error's ``fields`` hold ``part``, ``line`` and ``column`` (from 1) of a place that can't be read.
        """
        for name, part in zip(("system", "user", "assistant"), self._parts, strict=True):
            try:
                _ = part.lines
            except UsageError as error:
                told = f"{where} {name}, {error.message}"
                raise UsageError(told, hint=error.hint, fields={"part": name, **error.fields}) from error
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


def named_values(value: Any, depth: int = 0) -> list[tuple[str, str]]:
    """The pairs of an object (name and value), or of a list of objects with a name and a value each; else none."""
    if depth >= _DEEPEST:
        return []
    if isinstance(value, Mapping):
        pair = _pair(value, depth)
        if pair is not None:
            return [pair] if all(pair) else []
        told = ((str(name).strip(), _in_a_sentence(item, depth + 1)) for name, item in value.items())
        return [(name, text) for name, text in told if name and text]
    if isinstance(value, list | tuple) and value and all(isinstance(item, Mapping) for item in value):
        pairs = [_pair(item, depth) for item in value]
        return [pair for pair in pairs if pair is not None and all(pair)]
    return []


def _pair(item: Mapping[str, Any], depth: int) -> tuple[str, str] | None:
    """The name and the value that an object holds under such names and little else; ``None`` for another object."""
    if len(item) > 4:
        return None
    name = next((key for key in _NAMES if isinstance(item.get(key), str)), None)
    value = next((key for key in _VALUES if key in item), None)
    if name is None or value is None:
        return None
    return item[name].strip().rstrip(":"), _in_a_sentence(item[value], depth + 1)


def _in_a_sentence(value: Any, depth: int = 0) -> str:
    """A value within a line: as :func:`as_text`, and the pairs of an object with semicolons between them."""
    if isinstance(value, Mapping) or (isinstance(value, list | tuple) and value and isinstance(value[0], Mapping)):
        return "; ".join(f"{name}: {text}" for name, text in named_values(value, depth))
    return as_text(value)


def _fill(line: _Line, fields: Any, keep_placeholders: bool, rendered: list[str], values: list[str]) -> None:
    """Adds the line and the values in it, unless all of them are missing."""
    found = [_in_a_sentence(_found(fields, path)) for path in line.paths]
    if not keep_placeholders:
        found = ["" if is_placeholder(value) else value for value in found]
    if not any(found):
        return
    pieces = [line.literals[0]]
    for value, literal in zip(found, line.literals[1:], strict=True):
        pieces += (value, literal)
    rendered.append("".join(pieces).rstrip())
    values.extend(value for value in found if value)


def _names_of(path: FieldPath) -> Iterator[str]:
    name = str(path[0])
    yield name
    for step in path[1:]:
        if not isinstance(step, str):
            return
        name = f"{name}.{step}"
        yield name


def _found(fields: Any, path: FieldPath) -> Any:
    if len(path) == 1 and isinstance(fields, dict) and path[0] in fields:  # what most places are
        return fields[path[0]]
    return field_paths.value_at(fields, path)


def _items(fields: Mapping[str, Any], path: FieldPath) -> Sequence[Any]:
    """The items at the path of a list; a value that is no list is its only item, an object is its pairs."""
    found = _found(fields, path)
    if isinstance(found, list | tuple):
        items: Sequence[Any] = found
        for _ in range(path.count(None)):
            items = [item for one in items if isinstance(one, list | tuple) for item in one]
        return items
    if isinstance(found, Mapping):
        return [f"{name}: {text}" for name, text in named_values(found)]
    return [] if found is None else [found]


def _pairs_at(fields: Mapping[str, Any], path: FieldPath) -> list[tuple[str, str]]:
    found = _found(fields, path)
    return named_values(found) if isinstance(found, Mapping | list | tuple) else []


def _parse_line(line: str, number: int) -> _Line:
    literals, paths, end = [""], [], 0
    for match in _PLACE.finditer(line):
        literals[-1] += line[end : match.start()]
        end = match.end()
        if len(match.group()) == 1:
            raise _stray_brace(match.group(), number, match.start() + 1)
        if match.group(1) is None:
            literals[-1] += match.group()[0]
        else:
            paths.append(_parsed(match.group(1), number, match.start() + 1))
            literals.append("")
    literals[-1] += line[end:]
    return _shaped(tuple(literals), tuple(paths))


def _shaped(literals: tuple[str, ...], paths: tuple[FieldPath, ...]) -> _Line:
    """The line, told whether it stands for each item of a list or for each pair of an object."""
    before = literals[0].lstrip()
    if before.startswith(_BULLETS) and paths and all(None in path for path in paths):
        if len(paths) == 1:
            last = len(paths[0]) - 1 - paths[0][::-1].index(None)
            return _Line(literals, (paths[0][last + 1 :],), paths[0][:last])
        lists = {path[: path.index(None)] for path in paths}
        if len(lists) == 1:
            items = lists.pop()
            return _Line(literals, tuple(path[len(items) + 1 :] for path in paths), items)
    is_alone = len(paths) == 1 and not literals[1].strip() and before.rstrip() in ("", *map(str.rstrip, _BULLETS))
    return _Line(literals, paths, is_alone=is_alone)


def _parsed(text: str, line: int, column: int) -> FieldPath:
    try:
        return field_paths.parse(text)
    except UsageError as error:
        raise _at(line, column, error.message, error.hint) from error


def _stray_brace(brace: str, line: int, column: int) -> UsageError:
    if brace == "{":
        return _at(line, column, "{ is not closed on its line", "Write {field}, or {{ for a brace.")
    return _at(line, column, "} closes nothing", "Write {field}, or }} for a brace.")


def _at(line: int, column: int, message: str, hint: str) -> UsageError:
    return UsageError(f"line {line}, column {column}: {message}", hint=hint, fields={"line": line, "column": column})


def paths_of(texts: Sequence[str]) -> Iterator[str]:
    """The addresses in the places of some templates, each once, as they are written."""
    seen: set[FieldPath] = set()
    for text in texts:
        for line in TextTemplate(text).lines:
            for path in line.paths:
                whole = (*line.items, None, *path) if line.items else path
                if whole not in seen:
                    seen.add(whole)
                    yield field_paths.written(whole)
