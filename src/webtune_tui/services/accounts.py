"""Keys: finding them, keeping them in the OS keyring, and checking them without spending anything."""

from __future__ import annotations

from collections.abc import Sequence

from webtune_tui.domain.credentials import KeyName, KeyState, Secret
from webtune_tui.settings import Settings


class AccountsService:
    """The keys of every service. An environment variable wins, then the OS keyring, then this session's memory."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def names(self) -> Sequence[KeyName]:
        """The services that take a key: built-in ones and providers of the settings."""
        raise NotImplementedError

    async def find(self, name: str, host: str) -> Secret:
        """The key of a service for a host. Raises CredentialMissing, KeyringUnavailable."""
        raise NotImplementedError

    async def states(self) -> Sequence[KeyState]:
        """Where each key comes from; a broken keyring is told in ``detail`` and stops nothing."""
        raise NotImplementedError

    async def store(self, name: str, secret: Secret, *, session_only: bool = False) -> KeyState:
        """Keeps a key, bound to the host the settings name for the service. Raises KeyringUnavailable."""
        raise NotImplementedError

    async def delete(self, name: str) -> bool:
        """Removes a kept key; false where there was none."""
        raise NotImplementedError

    async def check(self, name: str) -> KeyState:
        """Asks the service whether it takes the key; spends nothing. ``valid`` is ``None`` when it can't be told."""
        raise NotImplementedError
