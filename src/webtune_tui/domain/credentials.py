"""Keys to outside services: which there are, where they come from, and a value that never prints itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Secret:
    """A key that shows only its last four characters, also in tracebacks and logs."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key itself; call it only where the request header is built."""
        return self._value

    @property
    def last4(self) -> str:
        """The tail a person recognises a key by; nothing of a key that is too short to hide the rest."""
        return self._value[-4:] if len(self._value) >= 12 else ""

    def __repr__(self) -> str:
        return f"Secret(…{self.last4})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)


class KeySource(StrEnum):
    """Where a key was found; ``session`` lives in this process alone."""

    KEYRING = "keyring"
    ENVIRONMENT = "environment"
    SESSION = "session"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class KeyName:
    """A service that takes a key: its name, the environment variable and the host that the key is meant for."""

    name: str
    title: str
    variable: str
    host: str


@dataclass(frozen=True, slots=True)
class KeyState:
    """What can be shown of a key without showing it. ``valid`` is ``None`` until it was checked."""

    name: str
    title: str
    variable: str
    source: KeySource
    last4: str = ""
    host: str = ""
    valid: bool | None = None
    detail: str = ""


def without_keys(environment: Mapping[str, str], *, keep: frozenset[str] = frozenset()) -> dict[str, str]:
    """An environment for programs of ours, which need nobody's keys but those named in ``keep``."""
    return {
        name: value
        for name, value in environment.items()
        if name in keep or not (name.endswith(("_API_KEY", "_API_TOKEN")) or name == "HF_TOKEN")
    }
