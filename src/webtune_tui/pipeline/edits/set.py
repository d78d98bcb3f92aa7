"""Sets texts of one example."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.examples import Example, Message
from webtune_tui.pipeline.edits.base import ROLES, DoesNotFit, Kind, OneByOne, Tools

_NUMBERED = re.compile(r"messages\[(\d{1,9})\]\.content")


@dataclass(frozen=True)
class SetTexts(OneByOne):
    """Sets texts of an example. ``places`` maps ``system``, ``user``, ``assistant`` or ``messages[N].content``."""

    places: Mapping[str, str] = field(default_factory=dict)

    name: ClassVar[str] = "set"
    kind: ClassVar[Kind] = "text"

    def check(self) -> None:
        """Raises UsageError for a place that no example has."""
        for place in self.places:
            if place not in ROLES and not _NUMBERED.fullmatch(place):
                raise UsageError(
                    f"An example has no {place!r}", hint="Set system, user, assistant or messages[N].content."
                )

    def told(self, what: str) -> str:
        """The step in words."""
        return f"Edited {_told_places(self.places)} of {what}"

    def change(self, example: Example, tools: Tools) -> tuple[Example, ...]:
        """The example with the new texts. Raises DoesNotFit for a place that it does not have."""
        messages = list(example.messages)
        for place, text in self.places.items():
            _set(messages, place, text)
        return (replace(example, messages=tuple(messages)),)


def _told_places(places: Mapping[str, str]) -> str:
    """``the assistant message``, ``message 3``: as a person counts, from 1."""
    told = []
    for place in places:
        numbered = _NUMBERED.fullmatch(place)
        told.append(f"message {int(numbered.group(1)) + 1}" if numbered else f"the {place} message")
    return ", ".join(told)


def _set(messages: list[Message], place: str, text: str) -> None:
    numbered = _NUMBERED.fullmatch(place)
    if numbered:
        index = int(numbered.group(1))
        if index >= len(messages):
            raise DoesNotFit(f"The example has no {place}", hint=f"It has {len(messages)} messages, from 0.")
    else:
        index = max((i for i, message in enumerate(messages) if message.role == place), default=-1)
        if index < 0 and place == "system":
            messages.insert(0, Message("system", ""))
            index = 0
        if index < 0:
            raise DoesNotFit(f"The example has no {place} message", hint="Set messages[N].content instead.")
    messages[index] = replace(messages[index], content=text)


OPERATION = SetTexts
