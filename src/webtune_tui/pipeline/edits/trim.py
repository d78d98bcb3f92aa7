"""Takes needless space away and shortens long answers at the end of a sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import ClassVar

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.examples import Example, Message
from webtune_tui.domain.options import option
from webtune_tui.pipeline.cut_points import sentence_ends
from webtune_tui.pipeline.edits.base import DoesNotFit, Kind, OneByOne, Tools, known_roles

_GAPS = re.compile(r"\n{3,}+")


@dataclass(frozen=True)
class Trim(OneByOne):
    """Takes away space around texts, at the ends of lines and beyond one empty line; cuts long answers at sentences."""

    tokens: int = option(0, label="Longest answer", help="In tokens; 0: answers are not cut.", minimum=0)
    space: bool = option(True, label="Space", help="Take needless space away.")
    roles: list[str] = option(  # noqa: RUF009 - it makes a field with a factory
        ["user", "assistant"], label="Roles", help="Whose space: system, user, assistant."
    )

    name: ClassVar[str] = "trim"
    kind: ClassVar[Kind] = "text"

    def check(self) -> None:
        """Raises UsageError where nothing would be done."""
        known_roles(self.roles)
        if not self.space and not self.tokens:
            raise UsageError("There is nothing to trim", hint="Give a longest answer: --tokens 300")

    def told(self, what: str) -> str:
        """The step in words."""
        if not self.tokens:
            return f"Trimmed the space of {what}"
        return f"Cut the answers of {what} to {self.tokens:,} tokens"

    def change(self, example: Example, tools: Tools) -> tuple[Example, ...]:
        """The trimmed example. Raises DoesNotFit where no sentence fits into the tokens."""
        messages = tuple(self._trimmed(one) for one in example.messages)
        if self.tokens:
            messages = tuple(self._cut(one, example.example_id, tools) for one in messages)
        return (replace(example, messages=messages),)

    def _trimmed(self, message: Message) -> Message:
        if not self.space or message.role not in self.roles:
            return message
        lines = "\n".join(line.rstrip() for line in message.content.split("\n"))
        return replace(message, content=_GAPS.sub("\n\n", lines).strip())

    def _cut(self, message: Message, example_id: str, tools: Tools) -> Message:
        text = message.content
        # a token is a byte at least, so that most answers need no counting
        if message.role != "assistant" or len(text.encode("utf-8", "replace")) <= self.tokens:
            return message
        if tools.count([text])[0] <= self.tokens:
            return message
        ends = sentence_ends(text)
        low, high = 0, len(ends)  # the longest beginning that fits; a longer one never has fewer tokens
        while low < high:
            middle = (low + high) // 2
            if tools.count([text[: ends[middle]].rstrip()])[0] <= self.tokens:
                low = middle + 1
            else:
                high = middle
        if low == 0:
            raise DoesNotFit(
                f"No whole sentence of {example_id} fits into {self.tokens} tokens", hint="Give more tokens."
            )
        return replace(message, content=text[: ends[low - 1]].rstrip())


OPERATION = Trim
