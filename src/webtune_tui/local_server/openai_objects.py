"""The objects of OpenAI's API as this server answers them: every required key, statuses of the enum only."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """A refusal that the client is told in OpenAI's shape."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.kind = kind

    def body(self) -> Json:
        """Return the error as OpenAI words it."""
        return {"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}}


def invalid(message: str, *, code: str | None = None, param: str | None = None) -> ApiError:
    """Return the error for a request that can never work as it is."""
    return ApiError(400, message, code=code, param=param)


def missing(what: str, name: str) -> ApiError:
    """Return the error for an object that does not exist."""
    return ApiError(404, f"No such {what}: {name}", code=f"{what.replace(' ', '_')}_not_found", param="id")


def page(items: Sequence[Json], *, after: str | None, limit: int, what: str) -> Json:
    """Cut one page out of all `items`, which are in the order of the list.

    Raises:
        ApiError: `after` is the id of no item.
    """
    start = 0
    if after is not None:
        positions = [position for position, item in enumerate(items) if item["id"] == after]
        if not positions:
            raise missing(what, after)
        start = positions[0] + 1
    data = list(items[start : start + limit])
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": start + limit < len(items),
    }


def file_object(file_id: str, *, size: int, created_at: int, filename: str, purpose: str) -> Json:
    """Return a file; its content is checked by the job that uses it, so it counts as processed."""
    return {
        "id": file_id,
        "object": "file",
        "bytes": size,
        "created_at": created_at,
        "expires_at": None,
        "filename": filename,
        "purpose": purpose,
        "status": "processed",
        "status_details": None,
    }


def deleted_object(file_id: str) -> Json:
    """Return the answer to a removed file."""
    return {"id": file_id, "object": "file", "deleted": True}


def model_object(model_id: str, *, created: int, owned_by: str, extra: Json | None = None) -> Json:
    """Return a model; local models have no end date."""
    return {
        "id": model_id,
        "object": "model",
        "created": created,
        "owned_by": owned_by,
        "shutdown_date": None,
        **(extra or {}),
    }


def completion_id() -> str:
    """Return a new id of a chat completion."""
    return f"chatcmpl-{time.time_ns():x}"


def usage_object(prompt_tokens: int, completion_tokens: int) -> Json:
    """Return the token counts of one answer."""
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


def completion_object(completion: str, model: str, text: str, finish_reason: str, usage: Json) -> Json:
    """Return a whole answer."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text, "refusal": None},
        "logprobs": None,
        "finish_reason": finish_reason,
    }
    return {
        "id": completion,
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [choice],
        "usage": usage,
    }


def chunk_maker(model: str, *, with_usage: bool) -> Callable[..., Json]:
    """Return a function that makes the chunks of one streamed answer, all with the same id and time."""
    shared: Json = {
        "id": completion_id(),
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
    }

    def chunk(delta: Json | None = None, finish_reason: str | None = None, usage: Json | None = None) -> Json:
        choices = [{"index": 0, "delta": delta or {}, "logprobs": None, "finish_reason": finish_reason}]
        made: Json = {**shared, "choices": [] if usage is not None else choices}
        if with_usage:
            made["usage"] = usage
        return made

    return chunk
