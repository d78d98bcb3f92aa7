"""The stages of the path in their order, known without importing any screen."""

from __future__ import annotations

from dataclasses import dataclass

from webtune_tui import registry

_PATH = ("credentials", "collect", "dataset", "fine_tune", "chat")
_TITLES = {"fine_tune": "Fine-tune"}


@dataclass(frozen=True, slots=True)
class Stage:
    """A screen of the path: its module name, its title and its key."""

    name: str
    title: str
    key: str


def stages() -> tuple[Stage, ...]:
    """Every screen found in the package: the path first, further ones after it by name."""
    found = registry.names("tui.screens")
    ordered = [name for name in _PATH if name in found] + [name for name in found if name not in _PATH]
    return tuple(
        Stage(name, _TITLES.get(name, name.replace("_", " ").capitalize()), str(number))
        for number, name in enumerate(ordered, start=1)
    )
