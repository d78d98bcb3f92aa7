"""What can be done to the shape of an example: roles, weights, parting, joining, copying, and its split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from webtune_tui.domain.examples import Example, Message, Split
from webtune_tui.domain.learning import Part, lesson_of
from webtune_tui.domain.terminal_text import display_line

_ROLES = ("user", "assistant")
_EXCERPT = 30


@dataclass(frozen=True, slots=True)
class Reshape:
    """One thing that can be done: the operation with its options, and the words for it.

    ``place`` is the message that it is about, ``takes_next`` says that the next example is needed too.
    """

    operation: str
    words: str
    options: Mapping[str, Any] = field(default_factory=dict)
    place: int | None = None
    takes_next: bool = False


def reshapes(example: Example, *, has_next: bool, place: int | None = None) -> list[Reshape]:
    """All that fits the example; what is about the message at ``place`` comes first."""
    found = [*_of_messages(example), *_of_whole(example, has_next=has_next)]
    return sorted(found, key=lambda one: place is None or one.place != place)


def _of_messages(example: Example) -> Iterator[Reshape]:
    lesson, messages = lesson_of(example.messages), example.messages
    for place, one in enumerate(messages):
        which = f"Message {place + 1} ({_role(one)}): "
        if one.role == "assistant":
            is_learned = lesson.parts[place] in (Part.LEARNED, Part.HOSTED_ONLY)
            if is_learned and len(lesson.hosted) > 1:
                yield Reshape("weight", f"{which}weight 0, read and not learned", _at(place, weight=0), place)
            if lesson.parts[place] in (Part.WEIGHT_ZERO, Part.HOSTED_ONLY):
                yield Reshape("weight", f"{which}weight 1, learned", _at(place, weight=1), place)
        for role in (*(("system",) if place == 0 else ()), *_ROLES):
            if role != one.role:
                yield Reshape("role", f"{which}make it the {role}'s", _at(place, to=role), place)
        if _can_part(messages, place):
            words = f"{which}begin a new example here, “{display_line(one.content, limit=_EXCERPT)}”"
            yield Reshape("split_in_two", words, _at(place), place)


def _of_whole(example: Example, *, has_next: bool) -> Iterator[Reshape]:
    if has_next:
        yield Reshape("merge", "Merge: append the next example to this one", takes_next=True)
    yield Reshape("duplicate", "Duplicate: a copy that can be changed by itself")
    for split in Split:
        if split is not example.split:
            words = f"Move it to {split.value}, with its whole group of near-duplicates"
            yield Reshape("move", words, {"to": split.value})


def _at(place: int, **options: object) -> Mapping[str, Any]:
    return {"message": place, **options}


def _can_part(messages: tuple[Message, ...], place: int) -> bool:
    """Whether both halves have a question and its answer; system messages count for neither."""
    return _is_whole(messages[:place]) and _is_whole(messages[place:])


def _is_whole(messages: tuple[Message, ...]) -> bool:
    roles = [one.role for one in messages if one.role != "system"]
    return len(roles) >= 2 and roles[0] == "user" and roles[-1] == "assistant"


def _role(message: Message) -> str:
    return display_line(message.role or "no role", limit=20)
