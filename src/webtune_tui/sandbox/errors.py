"""What the service says when it refuses: status, exact body and content type."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from starlette.responses import JSONResponse, Response

TEXT = "text/html; charset=utf-8"

CREDENTIALS_MISSING = "Credentials are missing"
AUTH_NOT_SUPPORTED = "Auth method is not supported"
INVALID_CREDENTIALS = "Invalid credentials"
BASIC_NOT_ALLOWED = "Basic auth is not allowed"
PERMISSION_MISSING = (
    "Your API key lacks the required permissions for this action. Ask an admin of the account for a key that has them."
)
BALANCE_TOO_LOW = (
    "Your current balance is insufficient to process this data collection request. "
    "Please add funds to your account and try again. ($220 is missing)"
)
NO_DATA_TO_TRIGGER = "No data to trigger"
COLLECTOR_NOT_FOUND = "Collector not found"
DATASET_UNKNOWN = "dataset does not exist"
NOT_A_SCRAPER = "This dataset does not support collection"
SNAPSHOT_UNKNOWN = "Snapshot does not exist"
SNAPSHOT_EMPTY = "Snapshot is empty"
SNAPSHOT_EXPIRED = "Snapshot is expired"
SNAPSHOT_NOT_READY = "Snapshot is not ready"
SNAPSHOT_NOT_RUNNING = "Snapshot is not running"
INPUT_UNKNOWN = "Snapshot input does not exist"
NOTHING_DISCOVERED = "No data found in discovery"


class Refusal(Exception):
    """A request that the service does not serve; ``body`` is plain text or a JSON object."""

    def __init__(self, status: int, body: str | Mapping[str, object]) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body

    def response(self) -> Response:
        """The answer as it goes over the wire: plain text is typed ``text/html``, as the service does."""
        if isinstance(self.body, str):
            return Response(self.body, self.status, media_type=TEXT)
        return JSONResponse(dict(self.body), self.status)


def text(body: str) -> Response:
    """A 200 with plain text, typed as the service types it."""
    return Response(body, media_type=TEXT)


def validation_errors(*messages: str) -> Refusal:
    """A query or body value outside what is allowed."""
    return Refusal(400, {"validation_errors": list(messages)})


def invalid_input(line: Mapping[str, object], index: int, errors: Sequence[tuple[str, str]]) -> Refusal:
    """An input that does not fit the scraper; ``index`` counts from 1."""
    return Refusal(
        400,
        {
            "error": "Invalid input provided",
            "code": "validation_error",
            "type": "validation",
            "line": json.dumps(line, ensure_ascii=False, separators=(",", ":")),
            "index": index,
            "errors": [list(pair) for pair in errors],
        },
    )


def unreadable_body(is_empty: bool) -> Refusal:
    """A body that is no JSON."""
    reason = "Parser has expected a value" if is_empty else "Parser cannot parse input: expected a value"
    return Refusal(400, {"error": reason, "code": "parse_error"})


def unknown_door(available: Sequence[str]) -> Refusal:
    """A ``discover_by`` that the scraper does not have."""
    return Refusal(400, f"Incorrect discovery collector id Available types: {', '.join(available)}")


def door_missing() -> Refusal:
    """``type=discover_new`` without ``discover_by``."""
    return Refusal(400, "Incorrect discovery collector id discover_by is required")
