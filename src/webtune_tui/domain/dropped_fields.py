"""What a condition can ask of a dropped row: ``reason = short and step = length``, and the fields of its record."""

from __future__ import annotations

from webtune_tui.domain.conditions import Condition, compiled, quoted

OF_THE_ROW = ("reason", "step", "detail", "id", "stayed")
"""Why it was dropped; by which step (``edits``: by hand); what was found; the id of the example that it would make, and
of the one that stayed in a duplicate's place. Beside them ``source``, and any field of the record."""

EXAMPLES = 'reason = near_duplicate, step = quality and rating >= 4, reason = by_hand and title ~ "lamp"'

NO_EXAMPLE = frozenset({"error", "warning", "empty"})
"""The reasons of rows that make no example even when they are wanted back by hand."""


def condition_on_dropped(text: str) -> Condition:
    """The condition that a text says about dropped rows. Raises UsageError where it says none."""
    return compiled(text)


def record_fields(condition: Condition) -> tuple[str, ...]:
    """What a condition asks of the records themselves."""
    return tuple(name for name in condition.fields if name.casefold() not in (*OF_THE_ROW, "source"))


def condition_of(reason: str = "", step: str = "", where: str = "") -> str:
    """One condition of what is given: a reason, a step and a condition."""
    named = [f"{name} = {quoted(value)}" for name, value in (("reason", reason), ("step", step)) if value]
    if where.strip():
        named.append(f"({where})" if named else where)
    return " and ".join(named)
