"""Conditions on the records of a dataset: written as ``rating >= 4.5`` or as JSON, checked before anything is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from webtune_tui.domain.errors import UsageError

DEEPEST_NESTING = 3
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
WITH_LIST = ("in", "not_in")
CONTAINING = ("includes", "not_includes", "array_includes", "not_array_includes")
WITHOUT_VALUE = ("is_null", "is_not_null")
OPERATORS = (*COMPARISONS, *WITH_LIST, *CONTAINING, *WITHOUT_VALUE)
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?([eE][-+]?\d{1,3})?")
_WRITTEN = re.compile(
    r"\s*(?P<name>[^\s=!<>]{1,200})"
    r"(?:\s*(?P<sign><=|>=|!=|==|=|<|>)|\s+(?P<word>is[\s_]+not[\s_]+null|is[\s_]+null"
    r"|not[\s_]+array_includes|array_includes|not[\s_]+includes|includes|not[\s_]+in|in)(?!\w))"
    r"\s*(?P<value>.*?)\s*",
    re.IGNORECASE | re.DOTALL,
)
_EXAMPLE = "For example: rating >= 4.5, brand = Lamy, categories includes Pens, upc is not null, asin in [B01, B02]"


def parse(text: str, fields: Mapping[str, str] | None = None) -> dict[str, Any]:
    """One condition as it is written on a command line. Values are numbers, true, false, quoted or bare text, lists.

    ``fields`` are the known field names with their types; a bare value takes the type of its field.

    Raises:
        UsageError: it is no condition, names an unknown field, or has no fitting value.
    """
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise UsageError(f"{text!r} is no condition", hint=_EXAMPLE)
    name = match["name"]
    word = re.sub(r"[\s_]+", "_", (match["sign"] or match["word"]).lower())
    operator = "=" if word == "==" else word
    if operator in WITHOUT_VALUE:
        if match["value"]:
            raise UsageError(f"{text!r}: {operator} takes no value", hint=_EXAMPLE)
        condition: dict[str, Any] = {"name": name, "operator": operator}
    else:
        if not match["value"]:
            raise UsageError(f"{text!r} has no value", hint=_EXAMPLE)
        kind = (fields or {}).get(name, "")
        value = _list(match["value"], kind) if operator in WITH_LIST else _value(match["value"], kind)
        condition = {"name": name, "operator": operator, "value": value}
    check(condition, fields)
    return condition


def joined(conditions: Sequence[Mapping[str, Any]], *, any_of: bool = False) -> dict[str, Any]:
    """Several conditions as one; a single one stays as it is. Raises UsageError where there is none."""
    if not conditions:
        raise UsageError("A filter needs a condition", hint=f"Give --where. {_EXAMPLE}")
    if len(conditions) == 1:
        return dict(conditions[0])
    return {"operator": "or" if any_of else "and", "filters": [dict(condition) for condition in conditions]}


def check(condition: Any, fields: Mapping[str, str] | None = None, depth: int = 1) -> None:
    """Refuses what the service would not take.

    Raises:
        UsageError: not a condition, an unknown field or operator, a value that does not fit, or nested too deep.
    """
    if not isinstance(condition, Mapping):
        raise UsageError(f"{condition!r} is no condition", hint=_EXAMPLE)
    if "filters" in condition:
        _check_group(condition, fields, depth)
        return
    name, operator = condition.get("name"), condition.get("operator")
    if not isinstance(name, str) or not name:
        raise UsageError("A condition has no field name", hint=_EXAMPLE)
    if operator not in OPERATORS:
        raise UsageError(f"{name}: there is no operator {operator!r}", hint=f"There are: {', '.join(OPERATORS)}")
    if extra := set(condition) - {"name", "operator", "value"}:
        raise UsageError(f"{name}: a condition has no {sorted(extra)[0]!r}", hint="It has name, operator and value.")
    if fields is not None and name not in fields:
        known = ", ".join(sorted(fields)[:30])
        raise UsageError(f"The dataset has no field {name!r}", hint=f"It has: {known}")
    _check_value(name, operator, condition, (fields or {}).get(name, ""))


def written(condition: Mapping[str, Any]) -> list[str] | None:
    """The ``--where`` texts that make a flat condition, or ``None`` for a nested one."""
    leaves = condition.get("filters", [condition])
    return None if any("filters" in leaf for leaf in leaves) else [_leaf_text(leaf) for leaf in leaves]


def _check_group(group: Mapping[str, Any], fields: Mapping[str, str] | None, depth: int) -> None:
    inner = group["filters"]
    if group.get("operator") not in ("and", "or"):
        raise UsageError("A group of conditions is joined by 'and' or by 'or'", hint="Set its operator.")
    if not isinstance(inner, list) or not inner:
        raise UsageError("A group of conditions is empty", hint="Its 'filters' is a list of conditions.")
    if depth > DEEPEST_NESTING:
        raise UsageError(f"Groups of conditions nest at most {DEEPEST_NESTING} deep", hint="Flatten the filter.")
    for condition in inner:
        check(condition, fields, depth + 1)


def _check_value(name: str, operator: str, condition: Mapping[str, Any], kind: str) -> None:
    if operator in WITHOUT_VALUE:
        if "value" in condition:
            raise UsageError(f"{name}: {operator} takes no value", hint=_EXAMPLE)
        return
    if "value" not in condition or condition["value"] is None:
        raise UsageError(f"{name}: {operator} needs a value", hint=f"{_EXAMPLE}. For nothing: is null")
    value = condition["value"]
    if operator in WITH_LIST and not (isinstance(value, list) and value):
        raise UsageError(f"{name}: {operator} needs a list", hint=_EXAMPLE)
    if operator in COMPARISONS and isinstance(value, list | Mapping):
        raise UsageError(f"{name}: {operator} takes one value", hint=f"Use 'in' for several. {_EXAMPLE}")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if operator in ("<", "<=", ">", ">=") and not is_number and (kind == "number" or not _is_date(value)):
        raise UsageError(f"{name} {operator} {value!r}: compare with a number or a date", hint=_EXAMPLE)


def _is_date(value: Any) -> bool:
    return isinstance(value, str) and re.match(r"\d{4}-\d{2}-\d{2}", value) is not None


def _value(text: str, kind: str) -> Any:
    if text[:1] in '["' or text in ("true", "false"):
        try:
            return json.loads(text)
        except ValueError as error:
            raise UsageError(f"{text!r} is not valid JSON", hint=_EXAMPLE) from error
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1]
    if kind in ("text", "url", "date", "country") or not _NUMBER.fullmatch(text):
        return text
    return json.loads(text) if re.fullmatch(r"-?(0|[1-9]\d*)(\..*|[eE].*)?", text) else text


def _list(text: str, kind: str) -> list[Any]:
    if text.startswith("[") and text.endswith("]"):
        try:
            found = json.loads(text)
        except ValueError:
            text = text[1:-1]
        else:
            return list(found)
    elif text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    return [_value(part.strip(), kind) for part in text.split(",") if part.strip()]


def _leaf_text(leaf: Mapping[str, Any]) -> str:
    if "value" not in leaf:
        return f"{leaf['name']} {leaf['operator']}"
    return f"{leaf['name']} {leaf['operator']} {json.dumps(leaf['value'], ensure_ascii=False)}"
