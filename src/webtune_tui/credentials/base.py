"""Where keys may be kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from webtune_tui.domain.credentials import Secret


class CredentialStore(Protocol):
    """A place that keeps keys apart by service and by the host that a key was stored for. All calls block."""

    def get(self, name: str, host: str) -> Secret | None:
        """The key, or ``None``. Raises KeyringUnavailable."""
        ...

    def set(self, name: str, host: str, secret: Secret) -> None:
        """Stores the key. Raises KeyringUnavailable; never falls back to a plain file."""
        ...

    def delete(self, name: str, host: str) -> bool:
        """Removes the key; false where there was none. Raises KeyringUnavailable."""
        ...

    def hosts(self, name: str) -> Sequence[str]:
        """The hosts that keys of this name were stored for. Raises KeyringUnavailable."""
        ...
