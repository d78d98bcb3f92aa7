"""What an edit by hand does to the examples of a version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.examples import Message, encode_messages
from webtune_tui.pipeline.recipe import Edit
from webtune_tui.pipeline.tokens import TokenCounter, count_examples
from webtune_tui.storage.dataset_types import Change, Revision, StoredExample
from webtune_tui.storage.datasets import DatasetStore

EDITED = "edited"
_NUMBERED = re.compile(r"messages\[(\d+)\]\.content")
_ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class EditEffect:
    """The rows that an edit changes, and the ids that the version does not have."""

    changes: tuple[Change, ...]
    missing: tuple[str, ...]


def effect_of(edit: Edit, store: DatasetStore, revision: Revision, counter: TokenCounter) -> EditEffect:
    """What the edit changes in a version.

    Raises:
        UsageError: a place does not exist in the example.
    """
    found = store.by_ids(revision, edit.example_ids)
    if edit.kind == "keep":
        return _brought_back(edit, found, store, revision)
    missing = tuple(one for one in edit.example_ids if one not in found)
    if edit.kind == "drop":
        return EditEffect(tuple(Change(before, None) for before in found.values()), missing)
    changes = []
    for before in found.values():
        after = _with_places(before, edit.places, counter)
        if after.messages != before.messages:
            changes.append(Change(before, after))
    return EditEffect(tuple(changes), missing)


def _brought_back(
    edit: Edit, found: Mapping[str, StoredExample], store: DatasetStore, revision: Revision
) -> EditEffect:
    """Those that an edit took out come back at once; those that a step dropped wait for the next prepare."""
    wanted = [one for one in edit.example_ids if one not in found]
    ended = store.ended(revision, wanted)
    changes = tuple(Change(None, replace(row, row_id=0)) for row in ended.values())
    return EditEffect(changes, tuple(one for one in wanted if one not in ended))


def canonical_places(example: StoredExample, changes: Mapping[str, str]) -> dict[str, str]:
    """The places as they are kept in the recipe, checked against the example.

    Raises:
        UsageError: an unknown place.
    """
    messages = list(example.to_example().messages)
    for place, text in changes.items():
        _set(messages, place, text)
    return dict(changes)


def _with_places(before: StoredExample, places: Mapping[str, str], counter: TokenCounter) -> StoredExample:
    messages = list(before.to_example().messages)
    for place, text in places.items():
        _set(messages, place, text)
    return replace(
        before,
        messages=encode_messages(messages),
        tokens=count_examples([messages], counter)[0],
        flags=before.flags if EDITED in before.flags else (*before.flags, EDITED),
        row_id=0,
        body_id=0,
    )


def _set(messages: list[Message], place: str, text: str) -> None:
    numbered = _NUMBERED.fullmatch(place)
    if numbered:
        index = int(numbered.group(1))
        if index >= len(messages):
            raise UsageError(f"The example has no {place}", hint=f"It has {len(messages)} messages, from 0.")
    elif place in _ROLES:
        index = max((i for i, message in enumerate(messages) if message.role == place), default=-1)
        if index < 0 and place == "system":
            messages.insert(0, Message("system", ""))
            index = 0
        if index < 0:
            raise UsageError(f"The example has no {place} message", hint="Set messages[N].content instead.")
    else:
        raise UsageError(f"An example has no {place!r}", hint="Set system, user, assistant or messages[N].content.")
    messages[index] = replace(messages[index], content=text)
