"""Keys that live in this process alone and are gone when it ends."""

from __future__ import annotations

from collections.abc import Sequence

from webtune_tui.domain.credentials import Secret
from webtune_tui.domain.masking import remember


class SessionStore:
    """Keeps keys in memory."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Secret] = {}

    def get(self, name: str, host: str) -> Secret | None:
        """The key, or ``None``."""
        return self._kept.get((name, host))

    def set(self, name: str, host: str, secret: Secret) -> None:
        """Keeps the key until the process ends."""
        remember(secret.reveal())
        self._kept[name, host] = secret

    def delete(self, name: str, host: str) -> bool:
        """Forgets the key; false where there was none."""
        return self._kept.pop((name, host), None) is not None

    def hosts(self, name: str) -> Sequence[str]:
        """The hosts that keys of this name were given for."""
        return tuple(host for kept, host in self._kept if kept == name)
