"""Chatting with base and tuned models, streamed and kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from webtune_tui.domain import clock
from webtune_tui.domain.errors import NotFound, UsageError
from webtune_tui.domain.examples import Message
from webtune_tui.domain.jobs import JobState
from webtune_tui.providers.base import ChatDelta, ChatEnd
from webtune_tui.services import base_models
from webtune_tui.services.preference_pairs import ChosenPairs, chosen_pairs, write_pairs
from webtune_tui.services.providers import ProviderCatalogue
from webtune_tui.storage.chats import ChatRepository, StoredTurn
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.jobs import JobRepository
from webtune_tui.storage.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ChatModel:
    """A model one can talk to. ``pair`` is the base of a tuned model; ``system`` the prompt it was trained with."""

    model: str
    provider: str
    title: str
    is_tuned: bool
    pair: str | None = None
    system: str = ""
    job_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChatTurn:
    """A kept message. ``finish_reason`` is ``None`` for a person's words and for an interrupted answer.

    ``is_preferred`` says which of two answers a person marked as the better one; ``None`` where nobody chose.
    """

    conversation: str
    model: str
    role: str
    content: str
    created_at: str
    finish_reason: str | None = None
    seconds: float | None = None
    is_preferred: bool | None = None


class ChatService:
    """Conversations of a workspace."""

    def __init__(self, workspace: Workspace, providers: ProviderCatalogue) -> None:
        self._workspace = workspace
        self._providers = providers
        self._jobs = JobRepository(workspace.database)
        self._chats = ChatRepository(workspace.database)

    async def models(self) -> Sequence[ChatModel]:
        """Tuned models of succeeded jobs, newest first, then the base models; empty where nothing can answer."""
        jobs = await asyncio.to_thread(self._jobs.all)
        tuned = [
            ChatModel(
                model=job.tuned_model,
                provider=job.provider,
                title=f"{job.suffix or job.job_id} · {job.base_model}",
                is_tuned=True,
                pair=job.base_model,
                system=job.system_prompt,
                job_id=job.job_id,
            )
            for job in jobs
            if job.state is JobState.SUCCEEDED and job.tuned_model
        ]
        here = await asyncio.to_thread(base_models.cached, self._providers.models_folder)
        bases = [ChatModel(base.model, "local", base.title, is_tuned=False) for base in here]
        named = {(base.provider, base.model) for base in bases}
        for model in tuned:
            if model.pair and (model.provider, model.pair) not in named:
                named.add((model.provider, model.pair))
                bases.append(ChatModel(model.pair, model.provider, model.pair, is_tuned=False))
        return [*tuned, *bases]

    async def find(self, name: str | None = None, *, base: bool = False) -> ChatModel:
        """A model by name, job id or suffix; the newest tuned one without a name. ``base`` answers its base.

        Raises:
            NotFound: nothing fits, or there is nothing to talk to yet.
        """
        models = await self.models()
        if not models:
            raise NotFound("There is no model to talk to yet", hint="Train one: webtune train, or webtune demo")
        chosen = models[0]
        if name is not None:
            fitting = [model for model in models if name in (model.model, model.job_id, model.title)]
            if not fitting:
                known = ", ".join(model.model for model in models[:5])
                raise NotFound(f"There is no model {name!r}", hint=f"There are: {known}")
            chosen = fitting[0]
        if base and chosen.is_tuned:
            pair = next(m for m in models if m.model == chosen.pair and m.provider == chosen.provider)
            return ChatModel(pair.model, pair.provider, pair.title, is_tuned=False, system=chosen.system)
        return chosen

    async def answer(
        self,
        model: ChatModel,
        messages: Sequence[Message],
        *,
        conversation: str,
        max_tokens: int = 256,
        temperature: float = 0.0,
    ) -> AsyncGenerator[ChatDelta | ChatEnd]:
        """Streams an answer and keeps it, also when it is stopped half-way; ends with ChatEnd.

        A ChatEnd without a finish reason means that the stream broke off.
        """
        provider = await self._providers.get(model.provider)
        started = time.monotonic()
        pieces: list[str] = []
        end = ChatEnd(None)
        stream = provider.chat(model.model, messages, max_tokens=max_tokens, temperature=temperature)
        try:
            async with aclosing(stream):
                async for piece in stream:
                    if isinstance(piece, ChatDelta):
                        pieces.append(piece.text)
                    else:
                        end = piece
                    yield piece
        finally:
            seconds = time.monotonic() - started
            await asyncio.shield(self._keep(model, messages, conversation, "".join(pieces), end, seconds))

    async def history(self, conversation: str) -> Sequence[ChatTurn]:
        """The kept turns of a conversation, oldest first."""
        stored = await asyncio.to_thread(self._chats.turns, conversation)
        return [
            ChatTurn(t.conversation, t.model, t.role, t.content, t.created_at, t.finish_reason, t.seconds, t.preferred)
            for t in stored
        ]

    async def prefer(self, conversation: str, model: str) -> bool:
        """Marks the better of two models' answers to a conversation's first question; again takes the mark away.

        The pair is a preference pair, see :mod:`webtune_tui.services.preference_pairs`. Answers whether it is marked.

        Raises:
            UsageError: there are no two whole answers of two models. StorageFailed: the workspace is read-only.
        """
        marked = await asyncio.to_thread(self._chats.prefer, conversation, model)
        if marked is None:
            raise UsageError(
                "There are no two whole answers of two models to the first question",
                hint="Ask both models the same question in a new conversation.",
            )
        return marked

    async def chosen_pairs(self, out: Path | None = None) -> ChosenPairs:
        """The preference pairs that were marked, and those that can't be taught; ``out`` names a new file for them.

        Raises:
            UsageError: there is such a file. InvalidInput: there is no pair to write.
        """

        def read() -> ChosenPairs:
            found = chosen_pairs(self._chats, DatasetStore(self._workspace.database))
            if out is not None:
                write_pairs(found.pairs, out)
            return found

        return await asyncio.to_thread(read)

    async def conversations(self, limit: int = 50) -> Sequence[tuple[str, str, str]]:
        """Kept conversations, newest first: id, time, first words."""
        return await asyncio.to_thread(self._chats.newest, limit)

    async def _keep(
        self,
        model: ChatModel,
        messages: Sequence[Message],
        conversation: str,
        text: str,
        end: ChatEnd,
        seconds: float,
    ) -> None:
        """Keeps the question, once for both columns, and the answer."""
        if self._workspace.read_only:
            return
        questions = [message.content for message in messages if message.role == "user"]
        system = next((message.content for message in messages if message.role == "system"), "")
        await asyncio.to_thread(partial(self._chats.add_questions, conversation, questions, clock.now(), system=system))
        await asyncio.to_thread(
            self._chats.add,
            StoredTurn(conversation, model.model, "assistant", text, clock.now(), end.finish_reason, seconds),
        )
