"""Kept conversations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webtune_tui.storage.database import Database


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """One row of a conversation."""

    conversation: str
    model: str
    role: str
    content: str
    created_at: str
    finish_reason: str | None
    seconds: float | None


class ChatRepository:
    """Turns of conversations in order. Every method blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, turn: StoredTurn) -> None:
        """Keeps one turn."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO chat_turns (conversation, model, role, content, created_at, finish_reason, seconds) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    turn.conversation,
                    turn.model,
                    turn.role,
                    _storable(turn.content),
                    turn.created_at,
                    turn.finish_reason,
                    turn.seconds,
                ),
            )

    def add_questions(self, conversation: str, questions: Sequence[str], time: str) -> None:
        """Keeps those of a conversation's questions that are not kept yet; two columns may do so at once."""
        with self._database.write() as connection:
            known: int = connection.execute(
                "SELECT count(*) FROM chat_turns WHERE conversation = ? AND role = 'user'", (conversation,)
            ).fetchone()[0]
            connection.executemany(
                "INSERT INTO chat_turns (conversation, model, role, content, created_at) VALUES (?, '', 'user', ?, ?)",
                [(conversation, _storable(question), time) for question in questions[known:]],
            )

    def turns(self, conversation: str) -> list[StoredTurn]:
        """The turns of a conversation, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT conversation, model, role, content, created_at, finish_reason, seconds FROM chat_turns "
                "WHERE conversation = ? ORDER BY turn_id",
                (conversation,),
            ).fetchall()
        return [StoredTurn(**dict(row)) for row in rows]

    def newest(self, limit: int) -> list[tuple[str, str, str]]:
        """Conversations, newest first: id, time of the first turn, the first question."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT conversation, min(created_at) AS started, max(turn_id) AS newest, "
                "(SELECT content FROM chat_turns AS first WHERE first.conversation = chat_turns.conversation "
                " AND first.role = 'user' ORDER BY first.turn_id LIMIT 1) AS question "
                "FROM chat_turns GROUP BY conversation ORDER BY newest DESC LIMIT ?",
                (limit,),
            ).fetchall()
        return [(row["conversation"], row["started"], row["question"] or "") for row in rows]


def _storable(text: str) -> str:
    """The text without lone surrogates, which SQLite refuses."""
    return text.encode("utf-8", "replace").decode()
