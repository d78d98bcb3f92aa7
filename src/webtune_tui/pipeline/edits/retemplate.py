"""Writes examples anew from their records with another template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from webtune_tui.domain.examples import Example
from webtune_tui.domain.options import option
from webtune_tui.pipeline.edits.base import DoesNotFit, Kind, Tools
from webtune_tui.pipeline.template import ChatTemplate


@dataclass(frozen=True)
class Retemplate:
    """Writes the messages of examples anew from their records, as preparing would with this template.

    The step keeps the template and no text: the records go through the recipe's cleaning and redaction again.
    """

    system: str = option("", label="System", help="May stay empty. {field} takes a value of the record.")
    user: str = option("", label="User", help="The prompt; a line whose fields are all missing vanishes.")
    assistant: str = option("", label="Assistant", help="The answer, such as {description}.")

    name: ClassVar[str] = "retemplate"
    kind: ClassVar[Kind] = "text"
    leaves_misfits: ClassVar[bool] = True

    @property
    def template(self) -> ChatTemplate:
        """The three texts as one template."""
        return ChatTemplate(self.system, self.user, self.assistant)

    def check(self) -> None:
        """Raises UsageError where a text can't be read, or nothing would be asked or learned."""
        self.template.check("The template")

    def told(self, what: str) -> str:
        """The step in words."""
        return f"Wrote {what} anew with another template"

    def results(self, examples: Sequence[Example], tools: Tools) -> list[tuple[Example, ...] | DoesNotFit]:
        """Each example with the messages that the template makes of its record."""
        made = tools.made_anew(self.template, examples)
        return [
            _misfit(before, after) if isinstance(after, str) else (after,)
            for before, after in zip(examples, made, strict=True)
        ]


def _misfit(example: Example, why: str) -> DoesNotFit:
    return DoesNotFit(
        f"{example.example_id} can't be written anew: {why}",
        hint="Leave it as it is, or change the template. See: webtune dataset lineage EXAMPLE_ID",
        fields={"why": why},
    )


OPERATION = Retemplate
