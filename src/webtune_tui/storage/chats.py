"""Kept conversations."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
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
    preferred: bool | None = None


@dataclass(frozen=True, slots=True)
class StoredChoice:
    """Two answers to the first question of a conversation, of which a person marked the better one."""

    conversation: str
    system: str
    question: str
    chosen_model: str
    chosen: str
    rejected_model: str
    rejected: str


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

    def add_questions(self, conversation: str, questions: Sequence[str], time: str, *, system: str = "") -> None:
        """Keeps those of a conversation's questions that are not kept yet; two columns may do so at once.

        ``system`` is the prompt under which the first of them is asked.
        """
        with self._database.write() as connection:
            known: int = connection.execute(
                "SELECT count(*) FROM chat_turns WHERE conversation = ? AND role = 'user'", (conversation,)
            ).fetchone()[0]
            told = [("system", system)] if system and not known else []
            connection.executemany(
                "INSERT INTO chat_turns (conversation, model, role, content, created_at) VALUES (?, '', ?, ?, ?)",
                [
                    (conversation, role, _storable(text), time)
                    for role, text in (*told, *(("user", question) for question in questions[known:]))
                ],
            )

    def turns(self, conversation: str) -> list[StoredTurn]:
        """The turns of a conversation, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT conversation, model, role, content, created_at, finish_reason, seconds, preferred "
                "FROM chat_turns WHERE conversation = ? ORDER BY turn_id",
                (conversation,),
            ).fetchall()
        return [StoredTurn(**{**dict(row), "preferred": _truth(row["preferred"])}) for row in rows]

    def prefer(self, conversation: str, model: str) -> bool | None:
        """Marks this model's answer to the first question as the better of two, or takes the mark away again.

        Answers whether it is marked now; ``None`` where there are no two whole answers of two models to choose from.
        """
        with self._database.write() as connection:
            answers = _answers_to_the_first(connection, conversation)
            chosen = [one for one in answers if one["model"] == model]
            if len(answers) != 2 or len(chosen) != 1:
                return None
            is_marked = not chosen[0]["preferred"]
            connection.executemany(
                "UPDATE chat_turns SET preferred = ? WHERE turn_id = ?",
                [(one["model"] == model if is_marked else None, one["turn_id"]) for one in answers],
            )
            return is_marked

    def choices(self) -> Iterator[StoredChoice]:
        """All marked pairs, the oldest conversation first."""
        with self._database.read() as connection:
            marked = connection.execute(
                "SELECT conversation FROM chat_turns WHERE preferred = 1 GROUP BY conversation ORDER BY min(turn_id)"
            ).fetchall()
            for (conversation,) in marked:
                answers = _answers_to_the_first(connection, conversation)
                rows = connection.execute(
                    "SELECT role, content, min(turn_id) FROM chat_turns"
                    " WHERE conversation = ? AND role IN ('system', 'user') GROUP BY role",
                    (conversation,),
                ).fetchall()
                asked = {row["role"]: row["content"] for row in rows}
                better = [one for one in answers if one["preferred"] == 1]
                worse = [one for one in answers if one["preferred"] == 0]
                if len(better) == len(worse) == 1 and "user" in asked:
                    yield StoredChoice(
                        conversation,
                        asked.get("system", ""),
                        asked["user"],
                        better[0]["model"],
                        better[0]["content"],
                        worse[0]["model"],
                        worse[0]["content"],
                    )

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


def _answers_to_the_first(connection: sqlite3.Connection, conversation: str) -> list[sqlite3.Row]:
    """The whole answers that stand between the first and the second question."""
    return connection.execute(
        "WITH asked AS (SELECT turn_id, row_number() OVER (ORDER BY turn_id) AS number FROM chat_turns"
        " WHERE conversation = :one AND role = 'user')"
        " SELECT turn_id, model, content, preferred FROM chat_turns WHERE conversation = :one AND role = 'assistant'"
        " AND finish_reason = 'stop' AND turn_id > (SELECT turn_id FROM asked WHERE number = 1)"
        " AND turn_id < COALESCE((SELECT turn_id FROM asked WHERE number = 2), turn_id + 1) ORDER BY turn_id",
        {"one": conversation},
    ).fetchall()


def _truth(value: int | None) -> bool | None:
    return None if value is None else bool(value)
