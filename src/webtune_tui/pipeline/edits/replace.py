"""Replaces a text, or what a regular expression matches."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.examples import Example, Message
from webtune_tui.domain.options import option
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.pipeline.edits.base import DoesNotFit, Kind, Tools, known_roles

LONGEST_PATTERN = 2_000
_SHOWN = 40


@dataclass(frozen=True)
class Replace:
    """Replaces each occurrence of a text, or each match of a regular expression, in the messages of some roles."""

    find: str = option("", label="Find", help="A text as it stands, or a regular expression.")
    replacement: str = option("", label="Replace by", help=r"With a regular expression \1 is its first group.")
    regex: bool = option(False, label="Regular expression", help="Read the text to find as a regular expression.")
    roles: list[str] = option(  # noqa: RUF009 - it makes a field with a factory
        ["assistant"], label="Roles", help="Whose messages: system, user, assistant."
    )

    name: ClassVar[str] = "replace"
    kind: ClassVar[Kind] = "text"

    def check(self) -> None:
        """Raises UsageError: nothing to find, a role that there is not, a pattern or template that can't be read."""
        known_roles(self.roles)
        if not self.find:
            raise UsageError("There is no text to find", hint="Give a word such as colour, and what replaces it.")
        if self.regex:
            check_pattern(self.find, self.replacement)

    def told(self, what: str) -> str:
        """The step in words."""
        found, put = (display_line(text, limit=_SHOWN) for text in (self.find, self.replacement))
        shown = f"/{found}/" if self.regex else f"“{found}”"
        return f"Replaced {shown} by “{put}” in {what}"

    def results(self, examples: Sequence[Example], tools: Tools) -> list[tuple[Example, ...] | DoesNotFit]:
        """Each example with its texts replaced."""
        places = [
            (number, at)
            for number, example in enumerate(examples)
            for at, message in enumerate(example.messages)
            if message.role in self.roles
        ]
        texts = [examples[number].messages[at].content for number, at in places]
        after: list[list[Message]] = [list(example.messages) for example in examples]
        found = tools.substituted(self.find, self.replacement, texts, regex=self.regex)
        for (number, at), (text, count) in zip(places, found, strict=True):
            if count:
                after[number][at] = replace(after[number][at], content=text)
        return [
            (replace(example, messages=tuple(messages)),) for example, messages in zip(examples, after, strict=True)
        ]


def check_pattern(find: str, replacement: str) -> None:
    """Refuses a pattern or a template that can't be read. Raises UsageError."""
    if len(find) > LONGEST_PATTERN:
        raise UsageError(
            f"A pattern of {len(find):,} characters is too long", hint=f"At most {LONGEST_PATTERN:,} are read."
        )
    try:
        re.compile(find).sub(replacement, "")
    except (re.error, RecursionError, OverflowError, IndexError) as error:
        raise UsageError(
            f"The regular expression {find[:80]!r} with {replacement[:40]!r} can't be read: {error}",
            hint=r"As Python's re module reads them; a plain text goes with --find, a backslash is written \\.",
        ) from error


OPERATION = Replace
