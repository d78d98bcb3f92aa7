"""Makes two examples of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from webtune_tui.domain.examples import ROW_KEYS, Example, Message
from webtune_tui.domain.options import option
from webtune_tui.pipeline.edits.base import DoesNotFit, Kind, OneByOne, Tools, message_number, message_words


@dataclass(frozen=True)
class SplitInTwo(OneByOne):
    """Parts an example before a message. The second half is a new example with the same system message and split."""

    message: int = option(0, label="Message", help="The first of the second half; from 0, -1 is the last.")

    name: ClassVar[str] = "split_in_two"
    kind: ClassVar[Kind] = "text"

    def check(self) -> None:
        """Nothing can be wrong by itself."""

    def told(self, what: str) -> str:
        """The step in words."""
        return f"Split {what} in two at {message_words(self.message)}"

    def change(self, example: Example, tools: Tools) -> tuple[Example, ...]:
        """Both halves. Raises DoesNotFit where one would have no question or no answer."""
        at = message_number(example, self.message)
        first, rest = example.messages[:at], example.messages[at:]
        system = tuple(one for one in example.messages[:1] if one.role == "system")
        if not _is_whole(first) or not _is_whole(rest):
            raise DoesNotFit(
                f"{example.example_id} can't be split at {message_words(self.message)}: each half needs a question"
                " and its answer",
                hint="Name the number of a user's message that follows an answer.",
            )
        second = _with_row_keys((*system, *rest), example.messages[0])
        return replace(example, messages=first), replace(example, messages=second)


def _is_whole(messages: Sequence[Message]) -> bool:
    spoken = [one for one in messages if one.role != "system"]
    return len(spoken) >= 2 and spoken[0].role == "user" and spoken[-1].role == "assistant"


def _with_row_keys(messages: tuple[Message, ...], first: Message) -> tuple[Message, ...]:
    """What the row says of tools stands at its first message."""
    beside = {key: first.extra[key] for key in ROW_KEYS if key in first.extra}
    if not beside:
        return messages
    return (replace(messages[0], extra={**messages[0].extra, **beside}), *messages[1:])


OPERATION = SplitInTwo
