"""Chatting with base and tuned models, streamed and kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from webtune_tui.domain.examples import Message
from webtune_tui.providers.base import ChatDelta, ChatEnd
from webtune_tui.services.providers import ProviderCatalogue
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
    """A kept message. ``finish_reason`` is ``None`` for a person's words and for an interrupted answer."""

    conversation: str
    model: str
    role: str
    content: str
    created_at: str
    finish_reason: str | None = None
    seconds: float | None = None


class ChatService:
    """Conversations of a workspace."""

    def __init__(self, workspace: Workspace, providers: ProviderCatalogue) -> None:
        self._workspace = workspace
        self._providers = providers

    async def models(self) -> Sequence[ChatModel]:
        """Tuned models of succeeded jobs, newest first, then the base models; empty where nothing can answer."""
        raise NotImplementedError

    def answer(
        self,
        model: ChatModel,
        messages: Sequence[Message],
        *,
        conversation: str,
        max_tokens: int = 256,
        temperature: float = 0.0,
    ) -> AsyncIterator[ChatDelta | ChatEnd]:
        """Streams an answer and keeps it, also when it is stopped half-way; ends with ChatEnd.

        A ChatEnd without a finish reason means that the stream broke off.
        """
        raise NotImplementedError

    async def history(self, conversation: str) -> Sequence[ChatTurn]:
        """The kept turns of a conversation, oldest first."""
        raise NotImplementedError

    async def conversations(self, limit: int = 50) -> Sequence[tuple[str, str, str]]:
        """Kept conversations, newest first: id, time, first words."""
        raise NotImplementedError
