"""The providers that this machine and these settings know, each built when it is first used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from webtune_tui.providers.base import Capabilities, Provider
from webtune_tui.services.accounts import AccountsService
from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace


class ProviderCatalogue:
    """Finds providers by name."""

    def __init__(
        self, workspace: Workspace, settings: Settings, accounts: AccountsService, models_folder: Path
    ) -> None:
        self._workspace = workspace
        self._settings = settings
        self._accounts = accounts
        self._models_folder = models_folder

    def capabilities(self) -> Sequence[Capabilities]:
        """What each known provider can do; touches no network and loads no SDK."""
        raise NotImplementedError

    async def get(self, name: str) -> Provider:
        """The provider, connected to its address with its key. Raises NotFound, CredentialMissing, ExtraMissing."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Closes the connections; local servers and jobs go on."""
        raise NotImplementedError
