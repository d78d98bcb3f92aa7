"""What every route needs: the sandbox behind the application, and who is asking."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from starlette.requests import Request

from webtune_tui.sandbox import errors
from webtune_tui.sandbox.jobs import JobBook

if TYPE_CHECKING:
    from webtune_tui.sandbox.marketplace import FilterJob

SHORTEST_KEY = 8


@dataclass(slots=True)
class Sandbox:
    """One running sandbox: its snapshots and its marketplace jobs."""

    book: JobBook
    filters: dict[str, FilterJob] = field(default_factory=dict)


def sandbox_of(request: Request) -> Sandbox:
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox


def rfc3339(seconds: float) -> str:
    """A Unix time as the service writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def key_of(authorization: str | None) -> str:
    """The bearer key of a request; any will do that is long enough and does not start with a word of ours.

    Raises:
        Refusal: 401 in the service's words; 403 for a key that starts with ``forbidden``.
    """
    if authorization is None:
        raise errors.Refusal(401, errors.CREDENTIALS_MISSING)
    scheme, _, key = authorization.strip().partition(" ")
    if scheme.lower() == "basic":
        raise errors.Refusal(401, errors.BASIC_NOT_ALLOWED)
    key = key.strip()
    if scheme.lower() != "bearer" or not key:
        raise errors.Refusal(401, errors.AUTH_NOT_SUPPORTED)
    if len(key) < SHORTEST_KEY or key.startswith("bad"):
        raise errors.Refusal(401, errors.INVALID_CREDENTIALS)
    if key.startswith("forbidden"):
        raise errors.Refusal(403, errors.PERMISSION_MISSING)
    return key


def refuse_without_funds(request: Request) -> None:
    """Calls that cost money are refused for a key that starts with ``broke``. Raises Refusal."""
    if key_of(request.headers.get("authorization")).startswith("broke"):
        raise errors.Refusal(402, {"error": errors.BALANCE_TOO_LOW})
