"""How two versions differ, example by example and word by word. Blocking; one example at a time is in memory."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from itertools import zip_longest

from webtune_tui.domain.edit_steps import ExampleChange, MessageChange
from webtune_tui.domain.examples import Message
from webtune_tui.domain.word_changes import word_changes
from webtune_tui.services.editor import Editor
from webtune_tui.storage.dataset_types import Revision, StoredExample

_BATCH = 200


def changes_between(
    editor: Editor, before: str, after: str, word_by_word: bool
) -> Generator[ExampleChange, None, None]:
    """What differs: added, then removed, then edited examples, in their order.

    Raises:
        NotFound: there is no such version.
    """
    old, new = editor.version(before), editor.version(after)
    added, removed, edited = differing_ids(editor, old, new)
    for one in _read(editor, new, added):
        example = one.to_example()
        yield ExampleChange("added", one.example_id, "", one.split.value, (), example.messages)
    for one in _read(editor, old, removed):
        example = one.to_example()
        yield ExampleChange("removed", one.example_id, one.split.value, "", example.messages, ())
    for start in range(0, len(edited), _BATCH):
        some = edited[start : start + _BATCH]
        was, now = editor.store.by_ids(old, some), editor.store.by_ids(new, some)
        for name in some:
            yield _edited(was[name], now[name], word_by_word)


def differing_ids(editor: Editor, old: Revision, new: Revision) -> tuple[list[str], list[str], list[str]]:
    """The ids of added, removed and edited examples, each in order."""
    was, now = editor.store.contents(old), editor.store.contents(new)
    return (
        [one for one in now if one not in was],
        [one for one in was if one not in now],
        [one for one, content in now.items() if one in was and was[one] != content],
    )


def _read(editor: Editor, revision: Revision, ids: Sequence[str]) -> Iterator[StoredExample]:
    for start in range(0, len(ids), _BATCH):
        some = ids[start : start + _BATCH]
        found = editor.store.by_ids(revision, some)
        yield from (found[one] for one in some)


def _edited(was: StoredExample, now: StoredExample, word_by_word: bool) -> ExampleChange:
    before, after = was.to_example().messages, now.to_example().messages
    messages = tuple(_message_changes(before, after)) if word_by_word else ()
    return ExampleChange("edited", now.example_id, was.split.value, now.split.value, before, after, messages)


def _message_changes(before: Sequence[Message], after: Sequence[Message]) -> Iterator[MessageChange]:
    for place, (old, new) in enumerate(_paired(before, after)):
        if old == new:
            continue
        role = new.role if new else old.role if old else ""
        yield MessageChange(place, role, tuple(word_changes(old.content if old else "", new.content if new else "")))


def _paired(before: Sequence[Message], after: Sequence[Message]) -> Iterator[tuple[Message | None, Message | None]]:
    """The messages side by side; a system message that came or went does not move the others."""
    has_old = bool(before) and before[0].role == "system"
    has_new = bool(after) and after[0].role == "system"
    if has_old != has_new:
        yield (before[0] if has_old else None), (after[0] if has_new else None)
        before, after = before[has_old:], after[has_new:]
    yield from zip_longest(before, after)
