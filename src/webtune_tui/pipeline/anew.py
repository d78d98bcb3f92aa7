"""Examples written anew from their records with another template: the recipe's own steps, another template.

Every record goes through the cleaning and the redaction of the recipe again, so that nothing comes back that they took
out, and through its filters: what they would drop is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from webtune_tui.domain.example_fields import EDITED
from webtune_tui.domain.example_tags import PREFIX
from webtune_tui.domain.examples import Example, Message
from webtune_tui.pipeline.base import Draft, Dropped, Step
from webtune_tui.pipeline.edit import kept
from webtune_tui.pipeline.edits.duplicate import COPIED
from webtune_tui.pipeline.recipe import Recipe
from webtune_tui.pipeline.run import Assembly, example_id, flags_of
from webtune_tui.pipeline.template import ChatTemplate
from webtune_tui.pipeline.template_set import TemplateSet, WeightedTemplate
from webtune_tui.pipeline.tokens import TokenCounter

NO_RECORD = "it has no record"
SEVERAL_RECORDS = "it was made of several records"
GONE = "its record is gone"
OTHER_NUMBER = "the template makes another number of examples of its record"
UNKNOWN_PART = "it is not known which part of its record it is"
_REFUSED = {
    "empty": "the template gives it no answer",
    "title_as_target": "its answer would be the title or the prompt",
    "private": "its record holds what the recipe does not let pass",
}
_BESIDE = (EDITED, COPIED, "shared_target")  # findings of the whole set or of the person; they outlive a text


class Wanted(NamedTuple):
    """An example to be written anew: its id, and its record."""

    example_id: str
    draft: Draft


@dataclass(frozen=True, slots=True)
class Written:
    """What an example says now, and what was found in that."""

    messages: tuple[Message, ...]
    flags: tuple[str, ...]

    def of(self, before: Example) -> Example:
        """The example with the new messages; its tags and what concerns the whole set stay."""
        stays = [one for one in before.flags if one.startswith(PREFIX) or one in _BESIDE]
        return replace(before, messages=self.messages, flags=(*self.flags, *stays))


class Anew:
    """Writes examples anew with one template.

    ``recipe`` says how records are cleaned and which examples are wanted whatever a filter says. ``steps_of`` gives a
    recipe's steps, the surveying ones with what they learned.
    """

    def __init__(
        self,
        recipe: Recipe,
        template: ChatTemplate,
        counter: TokenCounter,
        steps_of: Callable[[Recipe], Sequence[Step]],
    ) -> None:
        self._counter = counter
        self._steps_of = steps_of
        self._recipe = recipe
        self._assembly = self._assembly_of(with_template(recipe, template))
        self._before: Assembly | None = None

    def written(self, wanted: Sequence[Wanted]) -> list[Written | str]:
        """What each example becomes, or why it is left as it is."""
        return [self._written(*one) for one in wanted]

    def _written(self, name: str, draft: Draft) -> Written | str:
        outcomes = {one.part: one for one in self._assembly.outcomes(draft)}
        first = outcomes.get(0)
        if len(outcomes) == 1 and isinstance(first, Dropped):
            return _refused(first)
        if len(outcomes) != self._parts_before(draft):
            return OTHER_NUMBER
        part = next((part for part in outcomes if example_id(draft.key, part) == name), None)
        if part is None and len(outcomes) > 1:
            return UNKNOWN_PART  # a copy, or a half of one that was split
        outcome = outcomes[part or 0]
        if isinstance(outcome, Dropped):
            return _refused(outcome)
        return Written(outcome.messages, flags_of(outcome))

    def _parts_before(self, draft: Draft) -> int:
        """How many examples the recipe itself makes of a record, those that it drops then included."""
        if not self._recipe.build.chunk_tokens:
            return 1
        if self._before is None:
            self._before = self._assembly_of(self._recipe)
        return len({one.part for one in self._before.outcomes(draft)})

    def _assembly_of(self, recipe: Recipe) -> Assembly:
        return Assembly(recipe, self._counter, steps=self._steps_of(recipe), with_sketches=False)


def with_template(recipe: Recipe, template: ChatTemplate) -> Recipe:
    """The recipe with one template in the place of its own, and without the questions that a model asked."""
    plan = replace(recipe.build, questions={})
    return replace(recipe, templates=TemplateSet((WeightedTemplate(template),)), build=plan)


def with_kept(recipe: Recipe) -> Recipe:
    """The recipe without its edits but for the examples that they want back."""
    ids = sorted(recipe.kept_ids)
    return replace(recipe, edits=(kept(*ids),) if ids else ())


def _refused(dropped: Dropped) -> str:
    if dropped.step == "builder":
        return "the template gives it no prompt"
    return _REFUSED.get(dropped.reason, f"the recipe would drop it as {dropped.reason}")
