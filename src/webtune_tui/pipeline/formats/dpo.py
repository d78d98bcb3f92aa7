"""Preference pairs: OpenAI's form is written; that form and TRL's (prompt, chosen, rejected) are read.

``{"input": {"messages": [...], "tools": [...]}, "preferred_output": [{assistant}], "non_preferred_output":
[{assistant}]}``. The worse answer is the text in the extra ``rejected`` of the example's last answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from webtune_tui.domain.examples import REJECTED, ROW_KEYS, Message, chat_row
from webtune_tui.pipeline.formats.base import JsonLines, NotExpressible
from webtune_tui.pipeline.preferences import rejected_of


class Preference(JsonLines):
    """OpenAI's form of preference pairs. Only examples with a worse answer can be written."""

    name: ClassVar[str] = "dpo"
    title: ClassVar[str] = "Preference pairs for DPO, in OpenAI's form"
    hint: ClassVar[str] = (
        "Import preference pairs (prompt, chosen, rejected) or edit answers. To keep imported pairs: webtune recipe set"
        " build.preferences=true, then webtune prepare"
    )

    def row(self, messages: Sequence[Message]) -> dict[str, Any]:
        """The pair. Raises NotExpressible."""
        rejected = rejected_of(messages)
        if not rejected.strip():
            raise NotExpressible("no_rejected_answer")
        answer = messages[-1]
        if len(messages) < 2 or answer.role != "assistant":
            raise NotExpressible("roles")
        if rejected == answer.content:
            raise NotExpressible("equal_answers")
        if not set(answer.extra) <= {REJECTED, "name"}:
            raise NotExpressible("tools")
        asked = chat_row(messages[:-1])
        chosen = Message("assistant", answer.content, answer.weight, _named(answer))
        worse = Message("assistant", rejected, None, _named(answer))
        return {"input": asked, "preferred_output": [chosen.to_json()], "non_preferred_output": [worse.to_json()]}


def messages_of(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The chat row of a preference row, its last answer with the extra ``rejected``; ``None`` where it is none.

    ``chosen`` and ``rejected`` may be texts, or messages with or without the prompt in front of them.
    """
    if isinstance(row.get("input"), Mapping):
        asked, beside = row["input"].get("messages"), row["input"]
        chosen, rejected = row.get("preferred_output"), row.get("non_preferred_output")
    else:
        asked, beside = row.get("prompt"), row
        chosen, rejected = row.get("chosen"), row.get("rejected")
    if isinstance(asked, str) and asked.strip():
        system = row.get("system")
        told = [{"role": "system", "content": system}] if isinstance(system, str) and system.strip() else []
        asked = [*told, {"role": "user", "content": asked}]
    return _paired(asked, _turns(chosen), _turns(rejected), beside)


def _paired(asked: Any, chosen: list[Any], rejected: list[Any], beside: Mapping[str, Any]) -> dict[str, Any] | None:
    start = 0
    while start < min(len(chosen), len(rejected)) and chosen[start] == rejected[start]:
        start += 1
    before = [*(asked if isinstance(asked, list) and not _begins_with(chosen, asked) else ()), *chosen[:start]]
    answers, worse = chosen[start:], rejected[start:]
    if not before or len(answers) != 1 or len(worse) != 1 or not all(map(_is_turn, (*before, *answers, *worse))):
        return None
    if answers[0]["role"] != "assistant" or not isinstance(worse[0].get("content"), str):
        return None
    tools = {key: beside[key] for key in ROW_KEYS if beside.get(key) not in (None, [], "")}
    return {"messages": [*before, {**answers[0], REJECTED: worse[0]["content"]}]} | tools


def _begins_with(turns: list[Any], asked: list[Any]) -> bool:
    """Whether the prompt stands once more at the head of an answer."""
    return len(turns) > len(asked) and turns[: len(asked)] == asked


def _turns(answer: Any) -> list[Any]:
    if isinstance(answer, str):
        return [{"role": "assistant", "content": answer}]
    return answer if isinstance(answer, list) else []


def _is_turn(turn: object) -> bool:
    return isinstance(turn, Mapping) and isinstance(turn.get("role"), str)


def _named(answer: Message) -> dict[str, Any]:
    return {key: answer.extra[key] for key in ("name",) if key in answer.extra}


FORMAT = Preference()
