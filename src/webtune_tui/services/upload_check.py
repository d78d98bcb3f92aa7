"""The last look at a dataset before it leaves this machine: nothing goes that the recipe wants out of it. Blocking.

Prepare redacts the fields of the records. What came in behind it, by an edit or a step that was switched off, is found
here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping

from webtune_tui.domain.datasets import DatasetVersion
from webtune_tui.domain.errors import InvalidInput
from webtune_tui.domain.events import Noted, Progressed
from webtune_tui.domain.examples import Split
from webtune_tui.pipeline.private_data.redaction import KEEP
from webtune_tui.pipeline.recipe import Recipe
from webtune_tui.pipeline.steps.redact import Redact
from webtune_tui.pipeline.validation.personal import counts_in
from webtune_tui.services.recipes import Recipes
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.workspace import Workspace

_TOLD = 512  # examples between two words of progress
_SHOWN_IDS = 5
_UPLOADED = (Split.TRAIN, Split.VALIDATION)


def checked_for_upload(
    workspace: Workspace, version: DatasetVersion, provider: str
) -> Generator[Progressed | Noted, None, None]:
    """Looks for personal data and secrets in the splits that are uploaded; what the recipe keeps is only told.

    Raises:
        InvalidInput: an example holds a kind that the recipe redacts or drops.
    """
    store = DatasetStore(workspace.database)
    revision = store.find(version.content_hash)
    if revision is None:
        return
    kept, unwanted = Counter[str](), Counter[str]()
    holders: list[str] = []
    policies = policies_of(Recipes(workspace.recipe_path, store).recipe())
    for number, example in enumerate(store.stream(revision)):
        if number % _TOLD == 0:
            yield Progressed("checking for personal data", number, version.examples, "examples")
        if example.split not in _UPLOADED:
            continue
        found = counts_in([example.to_example().messages])
        kept.update({kind: count for kind, count in found.items() if policies.get(kind, KEEP) == KEEP})
        bad = {kind: count for kind, count in found.items() if policies.get(kind, KEEP) != KEEP}
        unwanted.update(bad)
        holders += [example.example_id] if bad else []
    if unwanted:
        raise _refused(unwanted, holders, provider)
    if kept:
        yield Noted(f"Personal data goes to {provider}, since the recipe keeps it: {_told(kept)}", "warn")


def policies_of(recipe: Recipe) -> Mapping[str, str]:
    """What the recipe wants done to each kind; nothing where redaction is switched off."""
    for step in recipe.enabled("record"):
        if isinstance(step, Redact):
            return step.policies()
    return {}


def _refused(unwanted: Counter[str], holders: list[str], provider: str) -> InvalidInput:
    shown = ", ".join(holders[:_SHOWN_IDS]) + (" …" if len(holders) > _SHOWN_IDS else "")
    return InvalidInput(
        f"Personal data is left in what would go to {provider}: {_told(unwanted)} in {shown}",
        hint="Mend or drop these: webtune dataset edit, or dataset drop. To send them all the same, let the recipe"
        " keep the kind, such as: webtune recipe set steps.redact.email=keep",
        fields={"personal_data": dict(sorted(unwanted.items())), "examples": holders[:_SHOWN_IDS]},
    )


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in sorted(counts.items()))
