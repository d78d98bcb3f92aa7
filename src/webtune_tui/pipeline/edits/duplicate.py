"""Makes copies of examples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from webtune_tui.domain.examples import Example
from webtune_tui.pipeline.edits.base import Kind, OneByOne, Tools

COPIED = "copied"


@dataclass(frozen=True)
class Duplicate(OneByOne):
    """Makes a copy of each example, with an id of its own and in the same split; it can be changed by itself."""

    name: ClassVar[str] = "duplicate"
    kind: ClassVar[Kind] = "text"

    def check(self) -> None:
        """Nothing can be wrong."""

    def told(self, what: str) -> str:
        """The step in words."""
        return f"Duplicated {what}"

    def change(self, example: Example, tools: Tools) -> tuple[Example, ...]:
        """The example and its copy."""
        flags = example.flags if COPIED in example.flags else (*example.flags, COPIED)
        return example, replace(example, flags=flags)


OPERATION = Duplicate
