"""Keys: finding them, keeping them in the OS keyring, and checking them without spending anything."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import re
from collections.abc import Mapping, Sequence

from webtune_tui import settings as settings_module
from webtune_tui.credentials.base import CredentialStore
from webtune_tui.credentials.environment import EnvironmentKeys, read_secret
from webtune_tui.credentials.keyring_store import KeyringStore
from webtune_tui.credentials.session import SessionStore
from webtune_tui.credentials.verification import verify_key
from webtune_tui.domain.addresses import host_of, is_loopback, require_private
from webtune_tui.domain.credentials import KeyName, KeySource, KeyState, Secret
from webtune_tui.domain.errors import (
    CredentialMissing,
    KeyringUnavailable,
    NotFound,
    UsageError,
)
from webtune_tui.settings import Settings


@dataclasses.dataclass(frozen=True, slots=True)
class _Account:
    """Where one service's key is kept (``entry``), from which variable it is read, and where it may go."""

    name: str
    title: str
    entry: str
    variable: str
    address: str

    @property
    def host(self) -> str:
        """The host that the key is bound to; empty without an address."""
        return host_of(self.address)

    @property
    def key_name(self) -> KeyName:
        """What others may know of it."""
        return KeyName(self.name, self.title, self.variable, self.host)


# name -> title, environment variable, address
_BUILT_IN = {
    "brightdata": ("Bright Data", "BRIGHTDATA_API_TOKEN", settings_module.DEFAULT_BRIGHTDATA_URL),
    "openai": ("OpenAI", "OPENAI_API_KEY", "https://api.openai.com/v1"),
    "nebius": ("Nebius Token Factory", "NEBIUS_API_KEY", "https://api.tokenfactory.nebius.com/v1"),
    "together": ("Together", "TOGETHER_API_KEY", "https://api.together.ai/v1"),
    "foundry": ("Microsoft Foundry", "AZURE_OPENAI_API_KEY", ""),
    "huggingface": ("Hugging Face", "HF_TOKEN", "https://huggingface.co"),
}


class AccountsService:
    """The keys of every service. An environment variable wins, then the OS keyring, then this session."""

    def __init__(
        self,
        settings: Settings,
        *,
        keyring: CredentialStore | None = None,
        environment: Mapping[str, str] | None = None,
        personal: Settings | None = None,
    ) -> None:
        """``personal`` are the settings without the workspace's; read from this machine where not given."""
        self._settings = settings
        self._keyring = KeyringStore() if keyring is None else keyring
        self._variables = os.environ if environment is None else environment
        self._environment = EnvironmentKeys(self._variables)
        self._session = SessionStore()
        self._personal = personal

    def names(self) -> Sequence[KeyName]:
        """The services that take a key: built-in ones and providers of the settings."""
        return [account.key_name for account in _accounts(self._settings).values()]

    def named(self, name: str) -> KeyName:
        """The service that a person means by its name or by the name of its key. Raises NotFound, UsageError."""
        return self._account(name).key_name

    async def find(self, name: str, host: str) -> Secret:
        """The key of a service for a host, which may be given as the whole address.

        Raises:
            CredentialMissing: no key, or only one that was stored for another host.
            KeyringUnavailable: a key may be in the keyring, which can't be read.
            UsageError: the address would carry the key in the clear.
        """
        account = self._account(name)
        self._require_private(host)
        secret, _ = await asyncio.to_thread(self._find, account, host_of(host))
        return secret

    async def states(self) -> Sequence[KeyState]:
        """Where each key comes from; a broken keyring is told in ``detail`` and stops nothing."""
        return await asyncio.to_thread(self._states)

    async def store(self, name: str, secret: Secret, *, session_only: bool = False) -> KeyState:
        """Keeps a key, bound to the host the settings name for the service.

        Raises:
            KeyringUnavailable: nothing was kept.
            NotFound, UsageError: what was given is no key; an unknown service, or one that no key can be sent to.
        """
        secret = read_secret(secret.reveal(), where="The given key")
        account = self._account(name)
        if not account.host:
            raise UsageError(
                f"{account.title} has no address, so that its key can't be bound to one",
                hint=f"Set WEBTUNE_{name.upper()}_URL, or base_url in [providers.{name}] of config.toml.",
            )
        require_private(account.address)
        store: CredentialStore = self._session if session_only else self._keyring
        try:
            await asyncio.to_thread(store.set, account.entry, account.host, secret)
        except KeyringUnavailable as error:
            raise KeyringUnavailable(
                f"The key for {account.title} was not kept: {error.message}",
                hint=f"Set {account.variable} instead. Keyring: {error.hint}",
                fields=error.fields,
            ) from error
        if not session_only:
            self._session.delete(account.entry, account.host)
        source = KeySource.SESSION if session_only else KeySource.KEYRING
        detail = f"{account.variable} is set and wins" if self._variables.get(account.variable) else ""
        return _state(account, source, secret, detail)

    async def delete(self, name: str) -> bool:
        """Removes a kept key, for whichever hosts it was stored; false where there was none."""
        account = self._account(name)
        return await asyncio.to_thread(self._delete, account)

    async def check(self, name: str) -> KeyState:
        """Asks the service whether it takes the key; ``valid`` is ``None`` if it can't be told.

        Raises:
            CredentialMissing, KeyringUnavailable: there is no key to check.
            Offline, RateLimited, ServiceUnavailable: the service can't be asked now.
        """
        account = self._account(name)
        if not account.host:
            raise CredentialMissing(
                f"{account.title} has no address, so that no key can be found for it",
                hint=f"Set WEBTUNE_{name.upper()}_URL, or base_url in [providers.{name}] of config.toml.",
            )
        self._require_private(account.address)
        secret, source = await asyncio.to_thread(self._find, account, account.host)
        valid, detail = await verify_key(account.name, account.address, secret)
        return dataclasses.replace(_state(account, source, secret, detail), valid=valid)

    def _account(self, name: str) -> _Account:
        accounts = _accounts(self._settings)
        if name in accounts:
            return accounts[name]
        by_entry = [account for account in accounts.values() if account.entry == name]
        if not by_entry:
            raise NotFound(f"There is no service {name!r}", hint=f"Keys: {', '.join(accounts)}")
        if len({account.host for account in by_entry}) > 1:
            names = ", ".join(account.name for account in by_entry)
            raise UsageError(f"The key {name!r} is used by several providers", hint=f"Name one of: {names}")
        return by_entry[0]

    def _require_private(self, host: str) -> None:
        """Checks the address itself, or those of the settings that lead to this host."""
        require_private(host)
        for account in _accounts(self._settings).values():
            if account.address and account.host == host_of(host):
                require_private(account.address)

    def _find(self, account: _Account, host: str) -> tuple[Secret, KeySource]:
        inherited = self._environment.get(account.variable)
        if inherited is not None:
            self._require_trusted(account, host)
            return inherited, KeySource.ENVIRONMENT
        trouble: KeyringUnavailable | None = None
        try:
            kept = self._keyring.get(account.entry, host)
            if kept is not None:
                return kept, KeySource.KEYRING
        except KeyringUnavailable as error:
            trouble = error
        for_session = self._session.get(account.entry, host)
        if for_session is not None:
            return for_session, KeySource.SESSION
        if trouble is not None:
            raise _nothing_found(account, trouble) from trouble
        raise self._missing(account, host)

    def _require_trusted(self, account: _Account, host: str) -> None:
        """An inherited key goes where the person sends it: never to an address that came with a workspace."""
        personal = self._personal or settings_module.load(environment=self._variables)
        trusted = {
            known.host
            for known in (*_accounts(personal).values(), *_accounts(Settings()).values())
            if known.entry == account.entry
        }
        if host in trusted or is_loopback(host):
            return
        own = " or ".join(sorted(filter(None, trusted))) or "no host yet"
        raise CredentialMissing(
            f"The key in {account.variable} is for {own}; this workspace names {host} for {account.title}",
            hint=f"If you trust {host}, unset {account.variable} and run: webtune keys set {account.name}",
        )

    def _missing(self, account: _Account, host: str) -> CredentialMissing:
        others = [other for other in self._keyring.hosts(account.entry) if other != host]
        setting = _how_to_set(account)
        if others:
            return CredentialMissing(
                f"The key for {account.title} was stored for {', '.join(others)} and is not sent to {host}",
                hint=f"For {host}: {setting}",
            )
        return CredentialMissing(f"No key for {account.title} ({host}) is known", hint=f"{setting}")

    def _states(self) -> list[KeyState]:
        states, trouble = [], ""
        for account in _accounts(self._settings).values():
            try:
                state = self._inherited(account) or self._kept(account, trouble)
            except KeyringUnavailable as error:
                trouble = error.message  # the next keys need not wait for the same keyring
                state = self._kept(account, trouble)
            states.append(state)
        return states

    def _inherited(self, account: _Account) -> KeyState | None:
        try:
            secret = self._environment.get(account.variable)
        except UsageError as error:
            return _state(account, KeySource.ENVIRONMENT, None, error.message)
        return _state(account, KeySource.ENVIRONMENT, secret) if secret else None

    def _kept(self, account: _Account, trouble: str) -> KeyState:
        if not account.host:
            return _state(account, KeySource.NONE, None, "its address is not set")
        if not trouble and (secret := self._keyring.get(account.entry, account.host)):
            return _state(account, KeySource.KEYRING, secret)
        if secret := self._session.get(account.entry, account.host):
            return _state(account, KeySource.SESSION, secret, trouble)
        if trouble:
            return _state(account, KeySource.NONE, None, trouble)
        others = [host for host in self._keyring.hosts(account.entry) if host != account.host]
        detail = f"a key is kept for {', '.join(others)}, not for {account.host}" if others else ""
        return _state(account, KeySource.NONE, None, detail)

    def _delete(self, account: _Account) -> bool:
        removed = False
        stores: Sequence[CredentialStore] = (self._session, self._keyring)
        for store in stores:
            hosts = {*store.hosts(account.entry), account.host} - {""}
            for host in hosts:
                removed |= store.delete(account.entry, host)
        return removed


def _accounts(settings: Settings) -> dict[str, _Account]:
    """Every service that takes a key under these settings."""
    found = {}
    for name, (title, variable, default) in _BUILT_IN.items():
        own = settings.providers.get(name)
        address = settings.provider_urls.get(name) or (own.base_url if own else "") or default
        if name == "brightdata":
            address = settings.brightdata_url
        found[name] = _Account(name, title, name, variable, address)
    for name, provider in settings.providers.items():
        if name in found:
            continue
        entry = provider.key or name
        variable = _BUILT_IN[entry][1] if entry in _BUILT_IN else _variable_of(entry)
        address = settings.provider_urls.get(name) or provider.base_url
        found[name] = _Account(name, name, entry, variable, address)
    return found


def _variable_of(entry: str) -> str:
    """The environment variable for a provider of the person's own."""
    return f"WEBTUNE_{re.sub(r'[^A-Z0-9]', '_', entry.upper())}_API_KEY"


def _state(account: _Account, source: KeySource, secret: Secret | None, detail: str = "") -> KeyState:
    return KeyState(
        name=account.name,
        title=account.title,
        variable=account.variable,
        source=source,
        last4=secret.last4 if secret else "",
        host=account.host,
        detail=detail,
    )


def _how_to_set(account: _Account) -> str:
    return f"Run: webtune keys set {account.name}, or set {account.variable}"


def _nothing_found(account: _Account, trouble: KeyringUnavailable) -> CredentialMissing | KeyringUnavailable:
    """Where no keyring can hold a key it is surely missing; in one that can't be read there may be one."""
    message = f"No key for {account.title} is set, and none can be read: {trouble.message}"
    hint = f"Set {account.variable}. Keyring: {trouble.hint}"
    kind = CredentialMissing if trouble.fields.get("keyring") == "missing" else KeyringUnavailable
    return kind(message, hint=hint, fields=trouble.fields)
