"""What hangs on a collection, in words for the question before it is deleted."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from webtune_tui.domain.terminal_text import display_line

_SHOWN_NAMES = 4


def dependents_words(dependents: Any) -> str:
    """One line for each kind of thing that hangs on it, whatever kinds there are; a number or the names."""
    lines = []
    for field in dataclasses.fields(dependents):
        if (words := _words(field.name.replace("_", " "), getattr(dependents, field.name))) is not None:
            lines.append(words)
    return "\n".join(lines) or "Nothing else depends on it."


def _words(name: str, value: object) -> str | None:
    if isinstance(value, bool) or not value:
        return None
    if isinstance(value, int):
        return f"{value:,} {name}"
    if isinstance(value, str):
        return f"{name}: {display_line(value, limit=80)}"
    if isinstance(value, Mapping | Sequence | set | frozenset):
        names = [display_line(one, limit=60) for one in list(value)[:_SHOWN_NAMES]]
        rest = f" and {len(value) - _SHOWN_NAMES:,} more" if len(value) > _SHOWN_NAMES else ""
        return f"{len(value):,} {name}: {', '.join(names)}{rest}"
    return None
