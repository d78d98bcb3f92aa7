"""One example from near: what it costs in tokens, what a provider would say of it, and how it came to be."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict

from webtune_tui.domain.errors import NotFound
from webtune_tui.domain.example_checks import ExampleCheck, Form, Remark, TokenLimits
from webtune_tui.domain.examples import Message, encode_messages
from webtune_tui.pipeline.tokens import DEFAULT_ENCODING
from webtune_tui.services.asked_program import AskedProgram
from webtune_tui.services.base_models import cached
from webtune_tui.services.recipes import Recipes
from webtune_tui.settings import load, models_folder
from webtune_tui.storage.dataset_types import Revision
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.example_history import ExampleHistory
from webtune_tui.storage.workspace import Workspace

WORKER = "webtune_tui.services.example_worker"
_SEQUENCE_LENGTH = 512  # of a local job whose creator says nothing


class ExamplesService:
    """Looks at single examples of the working version; it changes nothing."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._store = DatasetStore(workspace.database)
        self._history = ExampleHistory(workspace.database)
        self._recipes = Recipes(workspace.recipe_path, self._store)
        self._program: AskedProgram | None = None
        self._base = ""

    async def check(self, messages: Sequence[Message], limits: TokenLimits) -> ExampleCheck | None:
        """The tokens and what is wrong or odd; ``None`` where a newer question took its place."""
        base, text = await asyncio.to_thread(lambda: (self._base_of_counts(), encode_messages(messages)))
        before, program = self._program, self._program
        if program is None or base != self._base:
            program = AskedProgram(WORKER, {"base_model": base, "models": str(models_folder())})
            self._program, self._base = program, base
            if before is not None:
                await before.aclose()  # a version that was counted with another base is the working one now
        answer = await program.ask({"ask": "check", "messages": text, "limits": asdict(limits)})
        if answer is None:
            return None
        tokens, total, encoding, remarks = answer
        return ExampleCheck(tuple(tokens), total, encoding, tuple(Remark(*one) for one in remarks))

    async def limits(self) -> TokenLimits:
        """How long an example may be: by the recipe's budget, and by the base's context where that is known.

        Raises:
            UsageError: the recipe can't be read.
        """
        return await asyncio.to_thread(self._limits)

    async def history(self, example_id: str) -> Sequence[Form]:
        """Every form of an example since the newest run of prepare, oldest first. Raises NotFound."""

        def read() -> Sequence[Form]:
            forms = self._history.forms(self._head(), example_id)
            return [Form(one.action, one.at, one.example.to_example() if one.example else None) for one in forms]

        return await asyncio.to_thread(read)

    async def aclose(self) -> None:
        """Ends the program that counts and checks."""
        if self._program is not None:
            await self._program.aclose()
            self._program = None

    def _head(self) -> Revision:
        head = self._store.head()
        if head is None:
            raise NotFound("There is no dataset yet", hint="Make one with: webtune prepare")
        return head

    def _limits(self) -> TokenLimits:
        choice = self._recipes.recipe().choice("token_budget")
        budget = choice.options.get("maximum", _default_budget()) if choice.enabled else None
        settings = load(self._workspace.root)
        known = next((one for one in cached(models_folder()) if one.model == settings.base_model), None)
        trained = _SEQUENCE_LENGTH if settings.provider == "local" else None
        return TokenLimits(budget, known.context if known else None, settings.base_model, trained)

    def _base_of_counts(self) -> str:
        """What the version was counted with, so that figures beside each other are of one kind."""
        encoding = self._head().encoding
        return "" if encoding == DEFAULT_ENCODING else load(self._workspace.root).base_model or encoding


def _default_budget() -> int:
    from webtune_tui.pipeline.steps.token_budget import TokenBudget

    return TokenBudget().maximum
