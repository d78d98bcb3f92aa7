"""What a service can do beyond the least: a source or a panel is offered only where its service knows the verb."""

from __future__ import annotations

from typing import Any


def ability(service: object, verb: str) -> Any:
    """The method of a service, or ``None`` where it has none (or where there is no such service)."""
    return getattr(service, verb, None)
