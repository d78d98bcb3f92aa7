"""Kinds of examples that can be counted and asked for: what each is in a condition, and how it joins one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from webtune_tui.domain.conditions import compiled, normal_form, quoted

FACETS: Mapping[str, str] = {
    "split": "Split",
    "source": "Source",
    "language": "Language",
    "flag": "Flag",
    "edited": "Edited by hand",
}
"""What is counted, and its title."""

_BARE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_:.\-]*")


@dataclass(frozen=True, slots=True)
class FacetCounts:
    """How many examples have each value of each facet; ``examples`` counts all that were looked at.

    ``missing`` says of facets that are not counted (yet) why.
    """

    counts: Mapping[str, Mapping[str, int]]
    examples: int
    missing: Mapping[str, str] = field(default_factory=dict)


def facet_condition(facet: str, value: str) -> str:
    """The condition that the examples with a value of a facet fulfil."""
    match facet:
        case "split" | "edited" | "language":
            return f"{facet} = {value}"
        case "flag":
            return f"flag:{value}" if _BARE.fullmatch(value) else f"flags has {quoted(value)}"
    return f"source = {quoted(value)}" if value.strip() else "source is empty"


def chosen_in(condition: str) -> dict[tuple[str, str], bool]:
    """The facets and folded values that a condition asks for, each with whether it wants them or leaves them out.

    Raises:
        UsageError: it can't be read.
    """
    found: dict[tuple[str, str], bool] = {}
    for part in _parts(condition):
        words = normal_form(part)
        is_wanted = words[0] != "not"
        asked = _asked(words if is_wanted else words[1:])
        if asked is not None:
            found[asked] = is_wanted
    return found


def _asked(words: Sequence[str]) -> tuple[str, str] | None:
    match words:
        case ("split" | "edited" | "source" | "language" as facet, "=", value):
            return facet, value
        case ("source", "is", "empty"):
            return "source", ""
        case ("flags" | "flag", "has", value):
            return "flag", value
        case (word,) if word.startswith("flag:"):
            return "flag", word.removeprefix("flag:")
    return None


def has_part(condition: str, part: str) -> bool:
    """Whether a part is among those that a condition wants all. Raises UsageError where it can't be read."""
    return any(normal_form(one) == normal_form(part) for one in _parts(condition))


def with_part(condition: str, part: str) -> str:
    """A condition that wants a part too. Raises UsageError where it can't be read."""
    return condition if has_part(condition, part) else " and ".join([*_parts(condition), part])


def without_part(condition: str, part: str) -> str:
    """A condition that no longer wants a part. Raises UsageError where it can't be read."""
    wanted = normal_form(part)
    return " and ".join(one for one in _parts(condition) if normal_form(one) != wanted)


def _parts(condition: str) -> list[str]:
    return compiled(condition).parts if condition.strip() else []
