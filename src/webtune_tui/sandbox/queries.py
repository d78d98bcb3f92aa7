"""Query strings and bodies as the service reads them; what does not fit is refused in its words."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from webtune_tui.sandbox import errors


def whole_number(query: Mapping[str, str], name: str, *, minimum: int, maximum: int | None = None) -> int | None:
    """A number of the query, None where it is absent. Raises Refusal."""
    text = query.get(name)
    if text is None:
        return None
    if not text.removeprefix("-").isdecimal() or len(text) > 15:
        raise errors.validation_errors(f'"{name}" must be a number')
    number = int(text)
    if number < minimum:
        raise errors.validation_errors(f'"{name}" must be greater than or equal to {minimum}')
    if maximum is not None and number > maximum:
        raise errors.validation_errors(f'"{name}" must be less than or equal to {maximum}')
    return number


def truth(query: Mapping[str, str], name: str) -> bool:
    """A switch of the query, off where it is absent. Raises Refusal."""
    text = query.get(name, "false").lower()
    if text not in ("true", "false", "1", "0"):
        raise errors.validation_errors(f'"{name}" must be a boolean')
    return text in ("true", "1")


def choice(query: Mapping[str, str], name: str, allowed: Sequence[str]) -> str | None:
    """One of the allowed words, None where it is absent. Raises Refusal."""
    word = query.get(name)
    if word is not None and word not in allowed:
        raise errors.validation_errors(f'"{name}" must be one of [{", ".join(allowed)}]')
    return word


def moment(query: Mapping[str, str], name: str, *, end_of_day: bool = False) -> float | None:
    """An ISO date or time of the query as Unix seconds; a bare date may mean its end. Raises Refusal."""
    text = query.get(name)
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise errors.validation_errors(f'"{name}" must be in ISO 8601 date format') from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return at.timestamp() + (86_400 if end_of_day and len(text) == 10 else 0)


def columns(text: str | None) -> tuple[str, ...]:
    """Names separated by pipes."""
    return tuple(name for name in (text or "").split("|") if name)


async def json_body(request: Request) -> Any:
    """The body of a request. Raises Refusal."""
    body = await request.body()
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise errors.unreadable_body(not body.strip()) from None


async def triggered_body(request: Request) -> Any:
    """The body of a trigger call: JSON, or a CSV file in the form field ``data``. Raises Refusal."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await json_body(request)
    async with request.form(max_files=1) as form:
        file = form.get("data")
        content = await file.read() if isinstance(file, UploadFile) else (file or "").encode("utf-8")
    try:
        return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error):
        raise errors.unreadable_body(False) from None


def inputs_of(body: Any) -> tuple[list[Mapping[str, Any]], Mapping[str, Any]]:
    """The inputs of a bare list, of ``{"input": [...]}`` or of a lone object, and the settings beside them.

    Raises Refusal.
    """
    beside: Mapping[str, Any] = {}
    if isinstance(body, Mapping):
        if isinstance(body.get("input"), list):
            beside = {name: value for name, value in body.items() if name != "input"}
            body = body["input"]
        else:
            body = [body]
    if not isinstance(body, list) or not all(isinstance(given, Mapping) for given in body):
        raise errors.unreadable_body(False)
    if not body:
        raise errors.Refusal(400, errors.NO_DATA_TO_TRIGGER)
    return body, beside
