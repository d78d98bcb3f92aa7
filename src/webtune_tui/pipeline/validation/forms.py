"""The form of a row, told by its content, and its chat form where it has one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webtune_tui.pipeline.formats import alpaca, dpo, sharegpt

OPENAI, PREFERENCE, TRL, SHAREGPT, ALPACA, FLAT, TEXT, UNKNOWN = (
    "openai",
    "preference",
    "trl",
    "sharegpt",
    "alpaca",
    "flat",
    "text",
    "unknown",
)
TITLES = {
    TRL: "Preference pairs as prompt/chosen/rejected; providers take input/preferred_output/non_preferred_output",
    SHAREGPT: "The ShareGPT form with conversations; providers take messages",
    ALPACA: "The Alpaca form instruction/output; providers take messages",
    FLAT: "The flat form system/user/assistant; providers take messages",
    TEXT: "Plain texts without question and answer; providers take messages",
    UNKNOWN: "There is no list of messages",
}
_FLAT_KEYS = frozenset({"system", "user", "assistant"})
_PAIRS = (
    ("user", "assistant"),
    ("prompt", "completion"),
    ("prompt", "response"),
    ("question", "answer"),
    ("input", "output"),
)


def form_of(row: Mapping[str, Any]) -> str:
    """The form of a row by its keys; whether it is well made is not looked at."""
    if "messages" in row:
        return OPENAI
    if "preferred_output" in row or "non_preferred_output" in row:
        return PREFERENCE
    if "chosen" in row and "rejected" in row:
        return TRL
    if "conversations" in row:
        return SHAREGPT
    if "instruction" in row and "output" in row:
        return ALPACA
    if any(set(pair) <= set(row) for pair in _PAIRS):
        return FLAT
    return TEXT if set(row) & {"text", "content"} and len(row) <= 3 else UNKNOWN


def as_taken(row: Mapping[str, Any], form: str) -> dict[str, Any] | None:
    """The row in the form that providers take: messages, or OpenAI's pairs. ``None`` where nothing can be made of it.

    What comes out is still to be checked.
    """
    match form:
        case "openai" | "preference":
            return dict(row)
        case "trl":
            return _pair(row)
        case "sharegpt":
            return sharegpt.messages_of(row)
        case "alpaca":
            return alpaca.messages_of(row)
        case "flat":
            return _from_flat(row)
    return None


def _from_flat(row: Mapping[str, Any]) -> dict[str, Any] | None:
    asked, answered = next(pair for pair in _PAIRS if set(pair) <= set(row))
    turns = [{"role": "system", "content": row["system"]}] if row.get("system") else []
    turns += [{"role": "user", "content": row[asked]}, {"role": "assistant", "content": row[answered]}]
    return {"messages": turns}


def _pair(row: Mapping[str, Any]) -> dict[str, Any] | None:
    chat = dpo.messages_of(row)
    if chat is None:
        return None
    *asked, answer = chat.pop("messages")
    rejected = answer.pop("rejected")
    return {
        "input": {"messages": asked} | chat,
        "preferred_output": [answer],
        "non_preferred_output": [{"role": "assistant", "content": rejected}],
    }
