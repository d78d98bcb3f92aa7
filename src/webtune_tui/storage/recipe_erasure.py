"""A recipe without a person: their edits go whole, other words are taken out where they stand."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Set

from webtune_tui.domain.mentions import Person
from webtune_tui.storage.recipe_file import edit_to_toml, join_edits, split_edits

_NAMES = ("tag", "where")  # names that people give, alone and in a condition


def edit_without(operation: Mapping[str, object], person: Person, gone: Set[str]) -> Mapping[str, object] | None:
    """What is left of an edit; ``None`` where it holds the text, or is of examples that go alone."""
    if person.is_in(json.dumps(operation, ensure_ascii=False)):
        return None
    if any(person.is_in_name(named) for key in _NAMES if isinstance(named := operation.get(key), str)):
        return None
    if operation.get("example") in gone:
        return None
    for key in ("drop", "keep", "ids"):
        named = operation.get(key)
        if isinstance(named, list):
            kept = [one for one in named if one not in gone]
            is_whole = len(kept) == len(named) or (kept and operation.get("do") != "merge")
            return {**operation, key: kept} if is_whole else None
    return operation


def recipe_without(text: str, person: Person, gone: Set[str]) -> str:
    """A recipe's text without the edits of the examples that go and without the person; else as it is."""
    try:
        head, tail = split_edits(text)
        edits = tomllib.loads(tail).get("edits", []) if tail else []
    except tomllib.TOMLDecodeError:
        return person.without(text)
    before = [edit for edit in edits if isinstance(edit, Mapping)]
    after = [left for edit in before if (left := edit_without(edit, person, gone)) is not None]
    cleaned = person.without(head)
    if after == before and cleaned == head:
        return person.without(text)
    return join_edits(cleaned, "".join(map(edit_to_toml, after)))
