"""Who may speak to the server: programs on this machine that know the token, and no web page."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from webtune_tui.local_server.openai_objects import ApiError

OPEN_PATHS = frozenset({"/healthz"})

_logger = logging.getLogger(__name__)


class Guard:
    """Refuses requests of web pages (Origin), of rebound names (Host) and without the bearer token."""

    def __init__(self, app: ASGIApp, *, token: str, port: int, on_request: Callable[[], None]) -> None:
        self._app = app
        self._token = token.encode()
        self._hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
        self._on_request = on_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an allowed request on; answer any other in OpenAI's error shape."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        refusal = self._refusal(scope["path"], scope["method"], Headers(scope=scope))
        _logger.info("%s %s%s", scope["method"], scope["path"], f" refused {refusal.status}" if refusal else "")
        if refusal is not None:
            await JSONResponse(refusal.body(), refusal.status)(scope, receive, send)
            return
        self._on_request()
        await self._app(scope, receive, send)

    def _refusal(self, path: str, method: str, headers: Headers) -> ApiError | None:
        if headers.getlist("host") not in [[host] for host in self._hosts]:
            return ApiError(403, "This server answers to 127.0.0.1 and localhost only.", code="host_not_allowed")
        if "origin" in headers:
            return ApiError(403, "Web pages may not use this server.", code="origin_not_allowed")
        if path in OPEN_PATHS:
            return None
        if not self._has_token(headers):
            return ApiError(
                401,
                "The bearer token is missing or wrong; it stands in server.json of the jobs folder.",
                code="invalid_api_key",
            )
        return _content_refusal(path, method, headers)

    def _has_token(self, headers: Headers) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), self._token)


def _content_refusal(path: str, method: str, headers: Headers) -> ApiError | None:
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    if method != "POST" or not has_body:
        return None
    wanted = "multipart/form-data" if path == "/v1/files" else "application/json"
    given = headers.get("content-type", "").partition(";")[0].strip().lower()
    if given == wanted:
        return None
    return ApiError(415, f"The content type must be {wanted}, not {given[:80] or 'missing'}.", code="content_type")
