"""The providers that this machine and these settings know, each built when it is first used."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from webtune_tui import registry
from webtune_tui.domain.errors import NotFound
from webtune_tui.providers import openai as compatible_api
from webtune_tui.providers.base import Capabilities, Price, Provider, ProviderContext
from webtune_tui.services.accounts import AccountsService
from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace


class ProviderCatalogue:
    """Finds providers by name."""

    def __init__(
        self, workspace: Workspace, settings: Settings, accounts: AccountsService, models_folder: Path
    ) -> None:
        self.models_folder = models_folder
        self._settings = settings
        self._context = ProviderContext(settings, accounts.find, workspace.jobs, models_folder)
        self._connected: dict[str, Provider] = {}
        self._connecting = asyncio.Lock()

    def capabilities(self) -> Sequence[Capabilities]:
        """What each known provider can do, the local one first; touches no network and loads no SDK."""
        built_in = [registry.load("providers", name).CAPABILITIES for name in registry.names("providers")]
        own = [compatible_api.compatible(settings) for settings in self._settings.providers.values()]
        return sorted([*built_in, *own], key=lambda found: (not found.is_local, found.name))

    def describe(self, name: str) -> Capabilities:
        """What one provider can do. Raises NotFound with the known names."""
        for found in self.capabilities():
            if found.name == name:
                return found
        known = ", ".join(found.name for found in self.capabilities())
        raise NotFound(f"There is no provider {name!r}", hint=f"Known: {known}")

    def training_price(self, name: str, base_model: str) -> Price | None:
        """The listed price of tuning a base there, or ``None`` where none is known."""
        if name not in registry.names("providers"):
            return None
        price: Price | None = registry.load("providers", name).training_price(base_model)
        return price

    async def get(self, name: str) -> Provider:
        """The provider, connected to its address with its key. Raises NotFound, CredentialMissing, ExtraMissing."""
        async with self._connecting:
            if name not in self._connected:
                self._connected[name] = await self._connect(name)
            return self._connected[name]

    async def aclose(self) -> None:
        """Closes the connections; local servers and jobs go on."""
        for provider in self._connected.values():
            await provider.aclose()
        self._connected.clear()

    async def _connect(self, name: str) -> Provider:
        capabilities = self.describe(name)
        own = self._settings.providers.get(name)
        if own is not None:
            return await compatible_api.connect_at(self._context, capabilities, own.base_url, own.key)
        provider: Provider = await registry.load("providers", name).connect(self._context)
        return provider
