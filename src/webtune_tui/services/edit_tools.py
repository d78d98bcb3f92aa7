"""What operations on texts need from outside: a token counter, a program for regular expressions, records. Blocking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType

from webtune_tui.domain.errors import InternalFault
from webtune_tui.domain.examples import Example
from webtune_tui.pipeline.anew import Written
from webtune_tui.pipeline.template import ChatTemplate
from webtune_tui.pipeline.tokens import TokenCounter
from webtune_tui.services.pattern_child import PatternProgram

WriteAnew = Callable[[ChatTemplate, Sequence[tuple[str, tuple[int, ...]]]], list[Written | str]]
"""Writes examples, named by their ids with those of their records, with a template; or says why one stays."""


class EditTools:
    """The tools of one edit; what it started ends with the block. ``occurrences`` counts the replaced texts."""

    def __init__(self, counter: TokenCounter, write_anew: WriteAnew | None = None) -> None:
        self.counter = counter
        self._write_anew = write_anew
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

    def made_anew(self, template: ChatTemplate, examples: Sequence[Example]) -> list[Example | str]:
        """Each example with the messages that a template makes of its record, or why it stays as it is."""
        if self._write_anew is None:
            raise InternalFault("No records are at hand to write examples anew")
        written = self._write_anew(template, [(one.example_id, one.record_ids) for one in examples])
        return [one if isinstance(one, str) else one.of(old) for one, old in zip(written, examples, strict=True)]
