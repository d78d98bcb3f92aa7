"""Addresses of nested fields: ``title``, ``a.b[0].c`` for one value, ``a.b[].c`` for those of a whole list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from webtune_tui.domain.errors import UsageError

FieldPath = tuple[str | int | None, ...]
"""The steps of an address: names, positions in lists, ``None`` for each item of a list."""

_STEP = re.compile(r"([^\[\].]+)((?:\[\d*\])*)")
_INDEX = re.compile(r"\[(\d*)\]")
_DEEPEST = 12


def parse(text: str) -> FieldPath:
    """The steps of an address.

    Raises:
        UsageError: it is none.
    """
    steps: list[str | int | None] = []
    for part in text.strip().split("."):
        match = _STEP.fullmatch(part.strip())
        if match is None:
            raise UsageError(f"{{{text}}} is no field", hint="Write {field}, {a.b[0].c} or {a.b[].c}.")
        steps.append(match.group(1))
        steps.extend(int(index) if index else None for index in _INDEX.findall(match.group(2)))
    return tuple(steps)


def written(path: FieldPath) -> str:
    """The address of some steps, as :func:`parse` reads it."""
    text = ""
    for step in path:
        text += f".{step}" if isinstance(step, str) else "[]" if step is None else f"[{step}]"
    return text.removeprefix(".")


def value_at(value: Any, path: FieldPath) -> Any:
    """What stands at an address: ``None`` where nothing does, a list where a step stands for each item.

    A name that holds dots itself, as columns of tables do, is found too.
    """
    for position, step in enumerate(path):
        if step is None:
            if not isinstance(value, list | tuple):
                return None
            return [value_at(item, path[position + 1 :]) for item in value]
        if isinstance(step, int):
            if not isinstance(value, list | tuple) or step >= len(value):
                return None
            value = value[step]
        elif not isinstance(value, Mapping):
            return None
        elif step in value:
            value = value[step]
        else:
            return _at_dotted_name(value, path[position:])
    return value


def paths_in(fields: Mapping[str, Any]) -> list[str]:
    """Every address in a record in the order of its fields, lists as ``[]``, each once."""
    return list(dict.fromkeys(written(path) for path in _paths(fields, ())))


def _paths(value: Any, above: FieldPath) -> Iterator[FieldPath]:
    if above:
        yield above
    if len(above) >= _DEEPEST:
        return
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _paths(item, (*above, str(name)))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _paths(item, (*above, None))


def _at_dotted_name(value: Mapping[str, Any], path: FieldPath) -> Any:
    """What stands below a name that is made of several steps; ``None`` where there is no such name."""
    names: list[str] = []
    for step in path:
        if not isinstance(step, str):
            break
        names.append(step)
    for count in range(len(names), 1, -1):
        if (name := ".".join(names[:count])) in value:
            return value_at(value[name], path[count:])
    return None
