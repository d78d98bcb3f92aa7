"""Conditions that select exactly the examples of a bar, as a person could write them."""

from __future__ import annotations

from collections.abc import Sequence

from webtune_tui.domain.conditions import compiled
from webtune_tui.domain.errors import UsageError
from webtune_tui.pipeline.counting.facts import LONGEST_LABEL


def is_label(name: str, label: str) -> str:
    """That a field is this label; empty where the language of conditions can't say it."""
    if not label.strip():
        return f"{name} is empty"
    if len(label) >= LONGEST_LABEL:
        return _sure(f"{name} starts with {quoted(label)}", name, label)
    return _sure(f"{name} = {quoted(label)}", name, label)


def has_label(name: str, label: str) -> str:
    """That a list has this label; empty where the language of conditions can't say it."""
    return _sure(f"{name} has {quoted(label)}", name, [label])


def is_other(name: str, labels: Sequence[str], *, also_empty: bool) -> str:
    """That a field is none of these labels; empty where that can't be said."""
    named = [label for label in labels if label.strip()]
    if any(len(label) >= LONGEST_LABEL or not is_label(name, label) for label in named):
        return ""
    parts = [] if also_empty else [f"{name} is not empty"]
    parts.append(f"not {name} in ({', '.join(map(quoted, named))})")
    text = " and ".join(parts)
    return text if _can_be_read(text) else ""


def quoted(label: str) -> str:
    """The label as a value of a condition."""
    escaped = label.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _sure(text: str, name: str, value: object) -> str:
    """The condition, if it is read and the label itself fulfils it: typographic quotes are read as plain ones."""
    return text if _can_be_read(text) and compiled(text).matches({name: value}) else ""


def _can_be_read(text: str) -> bool:
    try:
        compiled(text)
    except UsageError:
        return False
    return True
