"""Hyperparameters from names and loosely typed values, as forms, flags and stored jobs give them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.jobs import Hyperparameters


def hyperparameters_from(values: Mapping[str, Any]) -> Hyperparameters:
    """Hyperparameters from names and loosely typed values.

    Raises:
        UsageError: a value is no number.
    """
    known = {field.name for field in dataclasses.fields(Hyperparameters)} - {"extra"}
    chosen: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for name, value in values.items():
        if value is None:
            continue
        number = _number(name, value)
        if name in known and not isinstance(number, str) and not number > 0:
            raise UsageError(f"{name}={number} is no value above 0", hint=f"Example: --set {name}=4")
        (chosen if name in known else extra)[name] = number
    return Hyperparameters(**chosen, extra=extra)


def _number(name: str, value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = str(value)
    if text == "auto":
        return text
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    raise UsageError(f"{name}={text} is no number", hint=f"Example: --set {name}=4")
