"""What operations on texts need from outside: a token counter, and a program for regular expressions. Blocking."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from webtune_tui.pipeline.tokens import TokenCounter
from webtune_tui.services.pattern_child import PatternProgram


class EditTools:
    """The tools of one edit; what it started ends with the block. ``occurrences`` counts the replaced texts."""

    def __init__(self, counter: TokenCounter) -> None:
        self.counter = counter
        self.occurrences = 0
        self._programs: dict[tuple[str, str], PatternProgram] = {}

    def __enter__(self) -> EditTools:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for program in self._programs.values():
            program.close()

    def count(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text."""
        return self.counter.count(texts)

    def substituted(self, find: str, replacement: str, texts: Sequence[str], *, regex: bool) -> list[tuple[str, int]]:
        """Each text with every occurrence of a text, or match of a regular expression, replaced; and how many.

        Raises:
            UsageError: a match took too long.
        """
        if regex:
            program = self._programs.setdefault((find, replacement), PatternProgram(find, replacement))
            found = program.substituted(texts)
        else:
            found = [(text.replace(find, replacement), text.count(find)) for text in texts]
        self.occurrences += sum(count for _, count in found)
        return found
