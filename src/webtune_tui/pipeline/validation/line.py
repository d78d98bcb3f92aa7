"""A line of a checked file on its way through the checks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from webtune_tui.domain.datasets import Finding
from webtune_tui.domain.examples import Message


@dataclass(slots=True)
class CheckedLine:
    """A line on its way: its row where it can be used, what is wrong with it, and what was done to it."""

    number: int
    size: int = 0
    form: str = ""
    row: dict[str, Any] | None = None
    is_too_long: bool = False
    conversations: list[list[Message]] = field(default_factory=list)
    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def fail(self, code: str, message: str) -> None:
        """Notes an error."""
        self.errors.append(Finding(self.number, code, message))

    def warn(self, code: str, message: str) -> None:
        """Notes a warning."""
        self.warnings.append(Finding(self.number, code, message))

    def is_sound(self) -> bool:
        """Whether nothing but its form is wrong with it."""
        return all(error.code == "missing_messages_list" for error in self.errors)
