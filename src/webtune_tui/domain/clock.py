"""Wall-clock time as the whole project writes it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """This moment as RFC 3339 UTC with milliseconds, such as ``2026-11-22T13:05:09.120Z``."""
    return rfc3339(datetime.now(UTC).timestamp())


def rfc3339(timestamp: float) -> str:
    """A Unix time in seconds as RFC 3339 UTC with milliseconds."""
    moment = datetime.fromtimestamp(timestamp, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def parse_rfc3339(text: str) -> datetime:
    """The moment that :func:`now` or a service wrote."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def seconds_between(start: str | None, end: str | None) -> float | None:
    """The seconds from one RFC 3339 time to another, or ``None`` where either is unknown."""
    if start is None or end is None:
        return None
    return (parse_rfc3339(end) - parse_rfc3339(start)).total_seconds()
