"""What a provider finds wrong in a row of messages or in a preference pair, and what a person should look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from webtune_tui.domain.examples import ROW_KEYS, Message
from webtune_tui.pipeline.cleaning.model_tokens import MODEL_TOKEN, has_model_token
from webtune_tui.pipeline.validation.forms import PREFERENCE

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
MESSAGE_KEYS = frozenset(
    {"role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call", "refusal", "audio"}
)
CHAT_KEYS = frozenset({"messages", *ROW_KEYS})
PAIR_KEYS = frozenset({"input", "preferred_output", "non_preferred_output"})
_ANSWERS = ("preferred_output", "non_preferred_output")
_TOLD = 200


class Fault(NamedTuple):
    """A code of :mod:`webtune_tui.pipeline.validate` and what it says of this row."""

    code: str
    message: str


def errors_of(row: Mapping[str, Any], form: str) -> Iterator[Fault]:
    """Why a provider would refuse the row."""
    if form == PREFERENCE:
        yield from _pair_errors(row)
    else:
        yield from _list_errors(row.get("messages"), "messages")
        yield from _tool_errors(row)
        messages = row.get("messages")
        if isinstance(messages, list) and messages and not _has_role(messages, "assistant"):
            yield Fault("example_missing_assistant_message", "There is no message of the assistant")


def warnings_of(row: Mapping[str, Any], form: str) -> Iterator[Fault]:
    """What is taken and yet odd, in a row without errors."""
    keys = PAIR_KEYS if form == PREFERENCE else CHAT_KEYS
    if unknown := sorted(str(key) for key in row if key not in keys):
        yield Fault("unknown_row_key", f"The row has {', '.join(unknown)[:_TOLD]}, which no provider reads")
    if form == PREFERENCE:
        if _answer_text(row[_ANSWERS[0]]) == _answer_text(row[_ANSWERS[1]]):
            yield Fault("equal_answers", "Both answers are the same, which teaches nothing")
        yield from _order_warnings(row["input"]["messages"])
        return
    messages = row["messages"]
    if messages[-1].get("role") != "assistant":
        yield Fault(
            "example_ends_without_answer",
            "The last message is not the assistant's; what follows its answer teaches nothing",
        )
    if all(one.get("weight") == 0 for one in messages if one["role"] == "assistant"):
        yield Fault("nothing_to_learn", "Every answer has the weight 0")
    yield from _order_warnings(messages)


def conversations_of(row: Mapping[str, Any], form: str) -> list[list[Message]]:
    """The messages of a row without errors, ready for counting: two conversations for a pair."""
    if form != PREFERENCE:
        return [list(map(_message, row["messages"]))]
    asked = list(map(_message, row["input"]["messages"]))
    return [[*asked, *map(_message, row[answer])] for answer in _ANSWERS]


def _pair_errors(row: Mapping[str, Any]) -> Iterator[Fault]:
    asked = row.get("input")
    if not isinstance(asked, Mapping):
        yield Fault("invalid_preference", "input is no object with messages")
        return
    yield from _list_errors(asked.get("messages"), "input.messages")
    yield from _tool_errors(asked)
    for name in _ANSWERS:
        answers = row.get(name)
        if not isinstance(answers, list) or len(answers) != 1 or not _has_role(answers, "assistant"):
            yield Fault("invalid_preference", f"{name} is not one message of the assistant")
        else:
            yield from _list_errors(answers, name)


def _list_errors(messages: Any, place: str) -> Iterator[Fault]:
    if not isinstance(messages, list) or not messages:
        yield Fault("missing_messages_list", "There is no list of messages")
        return
    for position, message in enumerate(messages):
        yield from _message_errors(message, f"{place}[{position}]")


def _tool_errors(row: Mapping[str, Any]) -> Iterator[Fault]:
    for key, kind in zip(ROW_KEYS, (list, bool), strict=True):
        if key in row and not isinstance(row[key], kind):
            yield Fault("invalid_tools", f"{key} has the wrong type")
    tools = row.get("tools")
    for position, tool in enumerate(tools if isinstance(tools, list) else ()):
        if not isinstance(tool, Mapping) or not _is_named(tool.get("function")):
            yield Fault("invalid_tools", f"tools[{position}] is no function with a name")


def _message_errors(message: Any, place: str) -> Iterator[Fault]:
    if not isinstance(message, dict):
        yield Fault("data_type", f"{place} is no object")
        return
    calls = message.get("tool_calls") or message.get("function_call")
    if "role" not in message or ("content" not in message and not calls):
        missing = "role" if "role" not in message else "content"
        yield Fault("message_missing_key", f"{place} has no {missing}")
    if unknown := sorted(str(key) for key in message if key not in MESSAGE_KEYS):
        yield Fault("message_unrecognized_key", f"{place} has {', '.join(unknown)[:_TOLD]}")
    if "role" in message and message["role"] not in ROLES:
        yield Fault("unrecognized_role", f"{place} has the role {_shown(message['role'])}")
    if "weight" in message and not is_weight(message):
        yield Fault("invalid_weight", f"{place}: weight is 0 or 1, on messages of the assistant")
    if message.get("role") == "tool" and not isinstance(message.get("tool_call_id"), str):
        yield Fault("message_missing_key", f"{place} has no tool_call_id")
    yield from _call_errors(message.get("tool_calls"), place)
    yield from _content_errors(message.get("content"), bool(calls), "content" in message, place)


def is_weight(message: Mapping[str, Any]) -> bool:
    """Whether a message may have the weight that it has."""
    weight = message["weight"]
    return type(weight) is int and weight in (0, 1) and message.get("role") == "assistant"


def _call_errors(calls: Any, place: str) -> Iterator[Fault]:
    if calls is None:
        return
    if not isinstance(calls, list):
        yield Fault("invalid_tools", f"{place}: tool_calls is no list")
        return
    for call in calls:
        function = call.get("function") if isinstance(call, Mapping) else None
        if function is None or not _is_named(function) or not isinstance(function.get("arguments", ""), str):
            yield Fault("invalid_tools", f"{place}: a tool call has no function with a name and arguments as text")


def _content_errors(content: Any, has_calls: bool, is_there: bool, place: str) -> Iterator[Fault]:
    if not is_there or (content is None and has_calls):
        return
    texts = [content] if isinstance(content, str) else part_texts(content)
    if texts is None or (not has_calls and not any(text.strip() for text in texts)):
        yield Fault("missing_content", f"{place} has no text as its content")
        return
    for text in texts:
        if has_model_token(text) and (token := MODEL_TOKEN.search(text)):
            yield Fault("special_token", f"{place} holds the model token {token.group()}")


def _order_warnings(messages: Sequence[Mapping[str, Any]]) -> Iterator[Fault]:
    roles = [message["role"] for message in messages]
    turns = [role for role in roles if role not in ("system", "developer")]
    if any(role in ("system", "developer") for role in roles[1:]):
        yield Fault("odd_order", "A system message stands behind others")
    if turns[:1] and turns[0] != "user":
        yield Fault("odd_order", f"The first turn is {_shown(turns[0])}, not the user's")
    if any(one == other and one in ("user", "assistant") for one, other in pairwise(turns)):
        yield Fault("odd_order", "Two turns of the same side follow each other")
    known = {_shown(call.get("id")) for message in messages for call in message.get("tool_calls") or ()}
    answered = [one.get("tool_call_id") for one in messages if one["role"] == "tool"]
    if any(_shown(one) not in known for one in answered):
        yield Fault("unknown_tool_call", "A tool answers a call that nobody made")


def part_texts(content: Any) -> list[str] | None:
    """The texts of a content in parts; ``None`` where it is no list of parts."""
    if not isinstance(content, list) or not content:
        return None
    if not all(isinstance(part, dict) and isinstance(part.get("type"), str) for part in content):
        return None
    texts = [part.get("text") if part["type"] == "text" else part["type"] for part in content]
    return texts if all(isinstance(text, str) for text in texts) else None


def _message(body: Mapping[str, Any]) -> Message:
    parts = body.get("content")
    text = parts if isinstance(parts, str) else " ".join(part_texts(parts) or [])
    return Message.from_json({**body, "content": text})


def _answer_text(answers: Sequence[Mapping[str, Any]]) -> Any:
    return answers[0].get("content")


def _has_role(messages: Any, role: str) -> bool:
    return isinstance(messages, list) and any(isinstance(one, dict) and one.get("role") == role for one in messages)


def _is_named(function: Any) -> bool:
    return isinstance(function, Mapping) and isinstance(function.get("name"), str)


def _shown(value: Any) -> str:
    """A value as it can be told, cut before it is written out: it may be huge."""
    return repr(value[:_TOLD] if isinstance(value, str | list) else value)[:_TOLD]
