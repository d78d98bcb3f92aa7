"""Who may speak to the local server."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message

from webtune_tui.local_server.security import Guard

GOOD = {"host": "127.0.0.1:5000", "authorization": "Bearer secret"}


async def answer(headers: dict[str, str], path: str = "/v1/models", method: str = "GET") -> int:
    """Return the status that a request gets."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {"type": "http", "method": method, "path": path, "headers": raw, "query_string": b""}
    guard = Guard(PlainTextResponse("in"), token="secret", port=5_000, on_request=lambda: None)
    await guard(scope, receive, send)
    return int(sent[0]["status"])


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 200),
        ({"host": "localhost:5000"}, 200),
        ({"authorization": "bearer secret"}, 200),
        ({"host": "127.0.0.1"}, 403),
        ({"host": "127.0.0.1:5001"}, 403),
        ({"host": "evil.example:5000"}, 403),
        ({"host": ""}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://127.0.0.1:5000"}, 403),
        ({"origin": "null"}, 403),
        ({"authorization": ""}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": "Basic secret"}, 401),
        ({"authorization": "Bearer s\u00e9cret"}, 401),
    ],
)
async def test_only_our_own_host_and_token_get_in(changes: dict[str, str], status: int) -> None:
    assert await answer({**GOOD, **changes}) == status


async def test_health_needs_no_token_but_the_right_host() -> None:
    assert await answer({"host": "127.0.0.1:5000"}, "/healthz") == 200
    assert await answer({"host": "rebound.example:5000"}, "/healthz") == 403
    assert await answer({"host": "127.0.0.1:5000", "origin": "http://a.example"}, "/healthz") == 403


@pytest.mark.parametrize(
    ("path", "content_type", "status"),
    [
        ("/v1/chat/completions", "application/json", 200),
        ("/v1/chat/completions", "application/json; charset=utf-8", 200),
        ("/v1/chat/completions", "text/plain", 415),
        ("/v1/chat/completions", "multipart/form-data; boundary=x", 415),
        ("/v1/files", "multipart/form-data; boundary=x", 200),
        ("/v1/files", "application/json", 415),
    ],
)
async def test_bodies_must_be_json_or_uploads(path: str, content_type: str, status: int) -> None:
    headers = {**GOOD, "content-length": "5", "content-type": content_type}
    assert await answer(headers, path, "POST") == status


async def test_a_call_without_a_body_needs_no_content_type() -> None:
    assert await answer(GOOD, "/v1/fine_tuning/jobs/x/cancel", "POST") == 200
