"""Keys: which one is used, where it may go, and what is said when there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keyring.backends.fail
import pytest
from keyring.backend import KeyringBackend

from tests.unit.credentials.backends import HangingBackend, LockedBackend, MemoryBackend, PlaintextKeyring, planted
from webtune_tui.credentials.environment import read_secret
from webtune_tui.credentials.keyring_store import KeyringStore
from webtune_tui.domain.credentials import KeySource, Secret
from webtune_tui.domain.errors import CredentialMissing, KeyringUnavailable, NotFound, UsageError
from webtune_tui.domain.masking import mask
from webtune_tui.services.accounts import AccountsService
from webtune_tui.settings import ProviderSettings, Settings

IN_ENVIRONMENT, IN_KEYRING = Secret("from-the-environment-1"), Secret("from-the-keyring-22")
FOR_SESSION = Secret("for-this-session-333")


@pytest.fixture
def backend() -> Iterator[MemoryBackend]:
    with planted(MemoryBackend()) as memory:
        assert isinstance(memory, MemoryBackend)
        yield memory


def accounts_of(
    settings: Settings | None = None, environment: dict[str, str] | None = None, **further: Any
) -> AccountsService:
    further.setdefault("personal", Settings())
    return AccountsService(settings or Settings(), environment={} if environment is None else environment, **further)


async def test_the_environment_wins_over_the_keyring_and_the_keyring_over_the_session(backend: MemoryBackend) -> None:
    environment: dict[str, str] = {}
    accounts = accounts_of(environment=environment)
    await accounts.store("openai", FOR_SESSION, session_only=True)
    assert await accounts.find("openai", "api.openai.com") == FOR_SESSION
    KeyringStore().set("openai", "api.openai.com", IN_KEYRING)
    assert await accounts.find("openai", "api.openai.com") == IN_KEYRING
    environment["OPENAI_API_KEY"] = IN_ENVIRONMENT.reveal()
    assert await accounts.find("openai", "api.openai.com") == IN_ENVIRONMENT


async def test_a_key_of_the_environment_is_never_written_anywhere(backend: MemoryBackend) -> None:
    accounts = accounts_of(environment={"OPENAI_API_KEY": IN_ENVIRONMENT.reveal()})
    await accounts.find("openai", "api.openai.com")
    await accounts.states()
    assert backend.kept == {}


async def test_a_session_key_leaves_the_keyring_untouched_and_is_not_known_to_the_next_process(
    backend: MemoryBackend,
) -> None:
    state = await accounts_of().store("openai", FOR_SESSION, session_only=True)
    assert (state.source, state.last4) == (KeySource.SESSION, "-333")
    assert backend.kept == {}
    with pytest.raises(CredentialMissing):
        await accounts_of().find("openai", "api.openai.com")


@pytest.mark.parametrize("name", ["brightdata", "openai", "nebius", "together", "huggingface"])
async def test_each_service_has_its_host_and_variable(backend: MemoryBackend, name: str) -> None:
    accounts = accounts_of()
    key = accounts.named(name)
    state = await accounts.store(name, IN_KEYRING)
    assert (state.host, state.variable, state.source) == (key.host, key.variable, KeySource.KEYRING)
    assert backend.kept["webtune-tui", f"{name}@{key.host}"] == IN_KEYRING.reveal()
    assert await accounts.find(name, key.host) == IN_KEYRING


async def test_a_key_stored_for_one_host_is_not_sent_to_another_and_both_are_named(backend: MemoryBackend) -> None:
    await accounts_of().store("brightdata", IN_KEYRING)
    elsewhere = accounts_of(Settings(brightdata_url="https://other.example"))
    with pytest.raises(CredentialMissing) as raised:
        await elsewhere.find("brightdata", "other.example")
    assert "api.brightdata.com" in raised.value.message and "other.example" in raised.value.message
    assert raised.value.exit_code == 5
    (state,) = [state for state in await elsewhere.states() if state.name == "brightdata"]
    assert state.source is KeySource.NONE
    assert "api.brightdata.com" in state.detail


async def test_a_key_is_found_by_the_whole_address_too(backend: MemoryBackend) -> None:
    accounts = accounts_of()
    await accounts.store("openai", IN_KEYRING)
    assert await accounts.find("openai", "https://api.openai.com/v1") == IN_KEYRING


async def test_an_address_that_came_with_a_workspace_does_not_get_the_key_of_the_environment(
    backend: MemoryBackend,
) -> None:
    environment = {"OPENAI_API_KEY": IN_ENVIRONMENT.reveal()}
    settings = Settings(provider_urls={"openai": "https://evil.example/v1"})
    with pytest.raises(CredentialMissing) as raised:
        await accounts_of(settings, environment).find("openai", "evil.example")
    assert "api.openai.com" in raised.value.message and "evil.example" in raised.value.message
    chosen_by_the_person = accounts_of(settings, environment, personal=settings)
    assert await chosen_by_the_person.find("openai", "evil.example") == IN_ENVIRONMENT


async def test_a_provider_that_came_with_a_workspace_cannot_borrow_a_key(backend: MemoryBackend) -> None:
    provider = ProviderSettings("mine", base_url="https://evil.example/v1", key="openai")
    settings = Settings(providers={"mine": provider})
    KeyringStore().set("openai", "api.openai.com", IN_KEYRING)
    for environment in ({}, {"OPENAI_API_KEY": IN_ENVIRONMENT.reveal()}):
        with pytest.raises(CredentialMissing, match=r"evil\.example"):
            await accounts_of(settings, environment).find("mine", "evil.example")


async def test_loopback_gets_the_key_of_the_environment_over_plain_http(backend: MemoryBackend) -> None:
    settings = Settings(brightdata_url="http://127.0.0.1:8080")
    accounts = accounts_of(settings, {"BRIGHTDATA_API_TOKEN": IN_ENVIRONMENT.reveal()})
    assert await accounts.find("brightdata", "127.0.0.1:8080") == IN_ENVIRONMENT


@pytest.mark.parametrize("given", ["10.0.0.1:9", "http://10.0.0.1:9/v1"])
async def test_no_key_goes_over_plain_http_to_another_machine(backend: MemoryBackend, given: str) -> None:
    settings = Settings(provider_urls={"openai": "http://10.0.0.1:9/v1"})
    accounts = accounts_of(settings, {"OPENAI_API_KEY": IN_ENVIRONMENT.reveal()}, personal=settings)
    with pytest.raises(UsageError, match="could be read"):
        await accounts.find("openai", given)
    with pytest.raises(UsageError, match="could be read"):
        await accounts.store("openai", IN_KEYRING)
    with pytest.raises(UsageError, match="could be read"):
        await accounts.check("openai")
    assert backend.kept == {}


async def test_a_provider_of_the_settings_is_named_by_itself_or_by_its_key(backend: MemoryBackend) -> None:
    provider = ProviderSettings("mine", base_url="https://llm.example:8443/v1", key="work")
    accounts = accounts_of(Settings(providers={"mine": provider}))
    assert [key.name for key in accounts.names()][-1] == "mine"
    state = await accounts.store("work", IN_KEYRING)
    assert (state.name, state.host) == ("mine", "llm.example:8443")
    assert backend.kept["webtune-tui", "work@llm.example:8443"] == IN_KEYRING.reveal()
    assert await accounts.find("mine", "llm.example:8443") == IN_KEYRING
    assert await accounts.find("work", "llm.example:8443") == IN_KEYRING


async def test_foundry_needs_an_address_before_it_takes_a_key(backend: MemoryBackend) -> None:
    with pytest.raises(UsageError, match="no address") as raised:
        await accounts_of().store("foundry", IN_KEYRING)
    assert "WEBTUNE_FOUNDRY_URL" in raised.value.hint
    settings = Settings(provider_urls={"foundry": "https://res.openai.azure.com/openai/v1"})
    assert (await accounts_of(settings).store("foundry", IN_KEYRING)).host == "res.openai.azure.com"


async def test_an_unknown_service_is_refused_with_those_that_exist(backend: MemoryBackend) -> None:
    with pytest.raises(NotFound) as raised:
        await accounts_of().find("openia", "api.openai.com")
    assert "openai" in raised.value.hint


async def test_deleting_removes_the_key_for_every_host_and_the_list_of_hosts(backend: MemoryBackend) -> None:
    await accounts_of(Settings(brightdata_url="http://127.0.0.1:8080")).store("brightdata", IN_KEYRING)
    accounts = accounts_of()
    await accounts.store("brightdata", IN_KEYRING)
    assert await accounts.delete("brightdata") is True
    assert backend.kept == {}
    assert await accounts.delete("brightdata") is False


@pytest.mark.parametrize(
    ("backend_now", "error", "keyring_state"),
    [
        (keyring.backends.fail.Keyring(), CredentialMissing, "missing"),
        (LockedBackend(), KeyringUnavailable, "locked"),
        (PlaintextKeyring(), KeyringUnavailable, "plaintext"),
    ],
    ids=["none", "locked", "plain text"],
)
async def test_an_unusable_keyring_is_explained_and_the_session_still_works(
    backend_now: KeyringBackend, error: type[Exception], keyring_state: str
) -> None:
    with planted(backend_now):
        accounts = accounts_of()
        with pytest.raises(error) as raised:
            await accounts.find("openai", "api.openai.com")
        assert isinstance(raised.value, CredentialMissing | KeyringUnavailable)
        assert raised.value.fields["keyring"] == keyring_state
        assert "OPENAI_API_KEY" in raised.value.hint
        with pytest.raises(KeyringUnavailable, match="was not kept"):
            await accounts.store("openai", IN_KEYRING)
        assert {state.source for state in await accounts.states()} == {KeySource.NONE}
        await accounts.store("openai", FOR_SESSION, session_only=True)
        assert await accounts.find("openai", "api.openai.com") == FOR_SESSION


async def test_a_hanging_keyring_is_waited_for_once_for_all_keys() -> None:
    hanging = HangingBackend()
    with planted(hanging):
        accounts = accounts_of(
            environment={"HF_TOKEN": IN_ENVIRONMENT.reveal()}, keyring=KeyringStore(limit_seconds=0.05)
        )
        states = {state.name: state for state in await accounts.states()}
        hanging.release.set()
    assert hanging.calls == 1
    assert "did not answer" in states["brightdata"].detail and "did not answer" in states["together"].detail
    assert states["huggingface"].source is KeySource.ENVIRONMENT


@pytest.mark.parametrize("text", ["", "\n", "two words", "tab\tinside", "esc\x1b[2J", "two\nlines", "clé-secrète-1"])
def test_what_is_no_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_secret(text, where="The given key")
    assert not text.strip() or text not in raised.value.message


async def test_what_is_no_key_is_not_stored(backend: MemoryBackend) -> None:
    for store in (False, True):
        with pytest.raises(UsageError):
            await accounts_of().store("openai", Secret("two words"), session_only=store)
    assert backend.kept == {}


def test_a_trailing_line_end_is_no_part_of_the_key() -> None:
    assert read_secret("abc-0123456789\r\n", where="it") == Secret("abc-0123456789")


async def test_a_misfit_in_the_environment_is_named_by_its_variable(backend: MemoryBackend) -> None:
    accounts = accounts_of(environment={"OPENAI_API_KEY": "two words"})
    with pytest.raises(UsageError, match="OPENAI_API_KEY"):
        await accounts.find("openai", "api.openai.com")
    (state,) = [state for state in await accounts.states() if state.name == "openai"]
    assert "OPENAI_API_KEY" in state.detail


async def test_every_key_that_was_found_is_masked(backend: MemoryBackend) -> None:
    accounts = accounts_of(environment={"TOGETHER_API_KEY": "inherited-and-secret-9"})
    await accounts.states()
    assert mask("sent inherited-and-secret-9") == "sent [key]"
